#include "gateway/policies/bundle_text.h"

#include "gateway/http/json.h"
#include "gateway/http/problem.h"

#include <fieldgate/crypto/encoding.h>
#include <fieldgate/crypto/hash.h>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace fieldgate::policies {

namespace {

using boost::json::object;
using boost::json::value;

Error damaged(std::string message) {
  return make_error(ErrorCode::kCorrupt, "the bundle is damaged: " + std::move(message));
}

void append_text(std::string& out, std::string_view before, std::string_view text) {
  out += before;
  http::append_json_string(out, text);
}

void append_person(std::string& out, const Signature& person) {
  append_text(out, "{\"name\":", person.name);
  append_text(out, ",\"key\":", crypto::base64_encode(person.key));
}

std::string sha256_hex(std::string_view text) {
  return crypto::hex_encode(crypto::sha256(as_bytes(text)));
}

// Members of parsed JSON; each says which one is not as it must be.
Result<const object*> object_of(const value* at, const std::string& name) {
  if (at == nullptr || !at->is_object()) {
    return damaged('`' + name + "` is missing or no object");
  }
  return &at->get_object();
}

Result<std::string> text_of(const object& from, const std::string& name) {
  const value* at = from.if_contains(name);
  if (at == nullptr || !at->is_string()) {
    return damaged('`' + name + "` is missing or no text");
  }
  return std::string(at->get_string());
}

Result<std::uint64_t> number_of(const object& from, const std::string& name, std::uint64_t most) {
  const value* at = from.if_contains(name);
  if (at == nullptr || !at->is_int64() || at->get_int64() < 0 ||
      static_cast<std::uint64_t>(at->get_int64()) > most) {
    return damaged('`' + name + "` is missing, or no number up to " + std::to_string(most));
  }
  return static_cast<std::uint64_t>(at->get_int64());
}

Result<UtcTime> time_of(const object& from, const std::string& name) {
  FIELDGATE_TRY(const std::string text, text_of(from, name));
  const auto time = parse_rfc3339(text);
  if (!time) {
    return damaged('`' + name + "` is no time");
  }
  return *time;
}

template <std::size_t N>
Result<std::array<Byte, N>> bytes_of(const object& from, const std::string& name) {
  FIELDGATE_TRY(const std::string text, text_of(from, name));
  const auto bytes = crypto::base64_decode(text);
  if (!bytes || bytes->size() != N) {
    return damaged('`' + name + "` is not " + std::to_string(N) + " bytes in base64");
  }
  std::array<Byte, N> out{};
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

Result<Signature> person_of(const object& from) {
  Signature person;
  FIELDGATE_TRY(person.name, text_of(from, "name"));
  FIELDGATE_CHECK_OK(check_person_name(person.name));
  FIELDGATE_TRY(person.key, bytes_of<32>(from, "key"));
  return person;
}

// The manifest lists exactly the files that are there, with their sizes and hashes.
Result<void> compare_files(const object& manifest, const Files& files) {
  const value* listed = manifest.if_contains("files");
  if (listed == nullptr || !listed->is_array()) {
    return damaged("the manifest lists no files");
  }
  std::size_t at = 0;
  for (const value& entry : listed->get_array()) {
    FIELDGATE_TRY(const object* file, object_of(&entry, "files"));
    FIELDGATE_TRY(const std::string name, text_of(*file, "name"));
    FIELDGATE_TRY(const std::uint64_t bytes, number_of(*file, "bytes", kMaxContentBytes));
    FIELDGATE_TRY(const std::string hash, text_of(*file, "sha256"));
    if (at == files.size() || files[at].name > name) {
      return damaged("the file `" + excerpt(name) + "` of the manifest is missing");
    }
    if (files[at].name != name) {
      return damaged("the file `" + excerpt(files[at].name) + "` is not in the manifest");
    }
    if (files[at].text.size() != bytes || sha256_hex(files[at].text) != hash) {
      return damaged("the file `" + excerpt(name) + "` is not the one that was signed");
    }
    ++at;
  }
  if (at != files.size()) {
    return damaged("the file `" + excerpt(files[at].name) + "` is not in the manifest");
  }
  return ok();
}

Result<Approval> approval_of(const value* at) {
  FIELDGATE_TRY(const object* from, object_of(at, "approval"));
  Approval approval;
  FIELDGATE_TRY(approval.by, person_of(*from));
  FIELDGATE_TRY(approval.at, time_of(*from, "at"));
  FIELDGATE_TRY(approval.by.signature, bytes_of<64>(*from, "signature"));
  return approval;
}

}  // namespace

std::string manifest_text(const Bundle& bundle) {
  std::string out;
  append_text(out, "{\"policy\":", bundle.version);
  append_text(out, ",\"digest\":", bundle.digest());
  out += ",\"sequence\":" + std::to_string(bundle.sequence);
  append_text(out, ",\"made\":", format_rfc3339(bundle.made));
  out += ",\"author\":";
  append_person(out, bundle.author);
  out += "},\"files\":[";
  for (std::size_t i = 0; i < bundle.files.size(); ++i) {
    const policy::PolicyFile& file = bundle.files[i];
    append_text(out, i == 0 ? "{\"name\":" : ",{\"name\":", file.name);
    out += ",\"bytes\":" + std::to_string(file.text.size());
    append_text(out, ",\"sha256\":", sha256_hex(file.text));
    out += '}';
  }
  return out + "]}";
}

std::string approver_text(const Approval& approval) {
  std::string out;
  append_person(out, approval.by);
  append_text(out, ",\"at\":", format_rfc3339(approval.at));
  return out + '}';
}

std::string files_text(const Files& files) {
  std::string out = "[";
  for (std::size_t i = 0; i < files.size(); ++i) {
    append_text(out, i == 0 ? "\n{\"name\":" : ",\n{\"name\":", files[i].name);
    append_text(out, ",\"text\":", files[i].text);
    out += '}';
  }
  return out + "\n]";
}

Result<Files> read_files(const value* listed) {
  if (listed == nullptr || !listed->is_array()) {
    return damaged("it has no `files`");
  }
  if (listed->get_array().size() > kMaxContentFiles) {
    return make_error(ErrorCode::kTooLarge,
                      "a bundle has at most " + std::to_string(kMaxContentFiles) + " files");
  }
  Files files;
  for (const value& entry : listed->get_array()) {
    FIELDGATE_TRY(const object* from, object_of(&entry, "files"));
    policy::PolicyFile file;
    FIELDGATE_TRY(file.name, text_of(*from, "name"));
    FIELDGATE_TRY(file.text, text_of(*from, "text"));
    if (!files.empty() && files.back().name >= file.name) {
      return damaged("the file `" + excerpt(file.name) + "` stands twice, or out of order");
    }
    files.push_back(std::move(file));
  }
  return files;
}

std::string write_bundle(const Bundle& bundle) {
  std::string out = "{\"format\":\"fieldgate-policy-bundle\",\"v\":1,\n\"manifest\":";
  out += manifest_text(bundle);
  append_text(out, ",\n\"author_signature\":", crypto::base64_encode(bundle.author.signature));
  out += ",\n\"approval\":";
  if (bundle.approval) {
    out += approver_text(*bundle.approval);
    out.pop_back();
    append_text(out, ",\"signature\":", crypto::base64_encode(bundle.approval->by.signature));
    out += '}';
  } else {
    out += "null";
  }
  out += ",\n\"files\":";
  out += files_text(bundle.files);
  return out + "}\n";
}

Result<Bundle> read_bundle(std::string_view text) {
  if (text.size() > kMaxBundleBytes) {
    return make_error(ErrorCode::kTooLarge,
                      "a bundle has at most " + std::to_string(kMaxBundleBytes) + " bytes");
  }
  const auto parsed = http::parse_json(text);
  if (parsed.has_error() || !parsed->is_object()) {
    return damaged("it is not one JSON object, or was cut off");
  }
  const object& whole = parsed->get_object();
  FIELDGATE_TRY(const std::string format, text_of(whole, "format"));
  FIELDGATE_TRY(const std::uint64_t form, number_of(whole, "v", kMaxSequence));
  if (format != "fieldgate-policy-bundle" || form != 1) {
    return damaged("it is no policy bundle of format 1");
  }
  FIELDGATE_TRY(const object* manifest, object_of(whole.if_contains("manifest"), "manifest"));
  Bundle bundle;
  FIELDGATE_TRY(bundle.files, read_files(whole.if_contains("files")));
  FIELDGATE_CHECK_OK(compare_files(*manifest, bundle.files));
  FIELDGATE_TRY(bundle.version, text_of(*manifest, "policy"));
  FIELDGATE_TRY(bundle.sequence, number_of(*manifest, "sequence", kMaxSequence));
  FIELDGATE_TRY(bundle.made, time_of(*manifest, "made"));
  FIELDGATE_TRY(const object* author, object_of(manifest->if_contains("author"), "author"));
  FIELDGATE_TRY(bundle.author, person_of(*author));
  FIELDGATE_TRY(bundle.author.signature, bytes_of<64>(whole, "author_signature"));
  const value* approval = whole.if_contains("approval");
  if (approval != nullptr && !approval->is_null()) {
    FIELDGATE_TRY(bundle.approval, approval_of(approval));
  }
  FIELDGATE_TRY(const std::string digest, text_of(*manifest, "digest"));
  if (digest != bundle.digest()) {
    return damaged("its digest is not that of its files");
  }
  // Whatever is over, spelt otherwise or in another order shows here.
  if (bundle.sequence == 0 || write_bundle(bundle) != text) {
    return damaged("it is not written as `fieldgate policy sign` writes it");
  }
  return bundle;
}

}  // namespace fieldgate::policies
