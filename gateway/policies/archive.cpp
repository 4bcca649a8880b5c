#include "gateway/policies/archive.h"

#include "gateway/durable_file.h"
#include "gateway/http/json.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

namespace fieldgate::policies {

namespace {

namespace fs = std::filesystem;
using boost::json::object;

constexpr std::string_view kStateFile = "state.json";
constexpr std::size_t kMaxStateBytes = 256UL * 1024;
constexpr std::string_view kDocumentEnd = ".json";
constexpr int kStateVersion = 1;

object origin_json(const Origin& origin) {
  return {{"digest", origin.digest},
          {"policy", origin.version},
          {"author", origin.author},
          {"approver", origin.approver},
          {"sequence", origin.sequence}};
}

std::string state_text(const ArchiveState& state) {
  boost::json::array history;
  for (const Origin& origin : state.history) {
    history.push_back(origin_json(origin));
  }
  return boost::json::serialize(object{{"v", kStateVersion},
                                       {"in_force", state.in_force},
                                       {"source", state.source},
                                       {"sequence", state.sequence},
                                       {"rolled_back", state.rolled_back},
                                       {"history", std::move(history)}}) +
         '\n';
}

std::string word(const object& from, std::string_view name) {
  return std::string(from.at(name).as_string());
}

std::size_t count_documents(const fs::path& folder) {
  std::error_code failure;
  const auto entries = fs::directory_iterator(folder, failure);
  return failure ? 0
                 : static_cast<std::size_t>(
                       std::count_if(begin(entries), end(entries), [](const auto& entry) {
                         return entry.path().extension() == kDocumentEnd &&
                                entry.path().filename() != kStateFile;
                       }));
}

// Throws where the form is not ours.
ArchiveState parse_state(const object& from) {
  ArchiveState state;
  if (from.at("v").to_number<int>() != kStateVersion) {
    throw std::system_error(std::make_error_code(std::errc::not_supported));
  }
  state.in_force = word(from, "in_force");
  state.source = word(from, "source");
  state.sequence = from.at("sequence").to_number<std::uint64_t>();
  state.rolled_back = from.at("rolled_back").as_bool();
  for (const boost::json::value& each : from.at("history").as_array()) {
    const object& entry = each.as_object();
    state.history.push_back({word(entry, "digest"), word(entry, "policy"), word(entry, "author"),
                             word(entry, "approver"),
                             entry.at("sequence").to_number<std::uint64_t>()});
  }
  return state;
}

Result<ArchiveState> read_state(const fs::path& file) {
  auto text = read_whole(file, kMaxStateBytes);
  if (text.has_error()) {
    // A first change that was cut off leaves one document.
    if (text.error().code == ErrorCode::kNotFound && count_documents(file.parent_path()) <= 1) {
      return ArchiveState{};
    }
    if (text.error().code == ErrorCode::kNotFound) {
      return make_error(ErrorCode::kCorrupt,
                        '`' + file.string() +
                            "` is missing, and the policies that it tells of are there; it tells "
                            "old policy bundles from new ones: put it back from a copy of the data "
                            "directory, or, to let every bundle of a trusted signer in once more, "
                            "move the policies away");
    }
    return text.error();
  }
  const Error damaged = make_error(
      ErrorCode::kCorrupt, '`' + file.string() +
                               "` is damaged; it tells old policy bundles from new ones: put it "
                               "back from a copy of the data directory");
  const auto parsed = http::parse_json(*text);
  if (parsed.has_error() || !parsed->is_object()) {
    return damaged;
  }
  try {
    ArchiveState state = parse_state(parsed->get_object());
    if (state.find(state.in_force) == nullptr) {
      return damaged;
    }
    return state;
  } catch (const std::exception&) {
    return damaged;
  }
}

}  // namespace

const Origin* ArchiveState::find(std::string_view digest) const {
  const auto found = std::find_if(history.begin(), history.end(),
                                  [&](const Origin& each) { return each.digest == digest; });
  return found == history.end() ? nullptr : &*found;
}

std::vector<std::string> ArchiveState::put_in_force(Origin origin) {
  // The one in force until now was there last, also when a rollback had brought it back.
  const auto now = std::find_if(history.begin(), history.end(),
                                [&](const Origin& each) { return each.digest == in_force; });
  if (now != history.end()) {
    std::rotate(now, now + 1, history.end());
  }
  history.erase(std::remove_if(history.begin(), history.end(),
                               [&](const Origin& each) { return each.digest == origin.digest; }),
                history.end());
  in_force = origin.digest;
  history.push_back(std::move(origin));
  std::vector<std::string> dropped;
  while (history.size() > kMaxHistory) {
    dropped.push_back(history.front().digest);
    history.erase(history.begin());
  }
  return dropped;
}

Result<Archive> Archive::open(fs::path folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return make_error(ErrorCode::kUnavailable, "cannot make the folder `" + folder.string() +
                                                   "`: " + std::generic_category().message(errno));
  }
  Archive archive(std::move(folder));
  FIELDGATE_TRY(archive.state_, read_state(archive.folder_ / kStateFile));
  return archive;
}

fs::path Archive::document(const std::string& digest) const {
  return folder_ / (digest + std::string(kDocumentEnd));
}

Result<void> Archive::keep(const std::string& digest, std::string_view text) const {
  return write_durably(document(digest), text);
}

Result<std::string> Archive::read(const std::string& digest) const {
  return read_whole(document(digest), kMaxBundleBytes);
}

void Archive::forget(const std::string& digest) const {
  std::error_code ignored;
  fs::remove(document(digest), ignored);
  discard_prepared(document(digest));
}

Result<void> Archive::prepare(const ArchiveState& next) const {
  return prepare_file(folder_ / kStateFile, state_text(next));
}

Result<void> Archive::commit(ArchiveState next) {
  const auto committed = commit_file(folder_ / kStateFile);
  if (committed.has_error()) {
    displaced_ = !was_cut_off();
    return committed;
  }
  state_ = std::move(next);
  return ok();
}

Result<void> Archive::prepare_undo() const {
  // What was prepared and not renamed marks the cut by itself.
  return displaced_ ? prepare(state_) : ok();
}

Result<void> Archive::undo() {
  if (displaced_) {
    FIELDGATE_CHECK_OK(commit_file(folder_ / kStateFile));
    displaced_ = false;
  }
  discard_prepared(folder_ / kStateFile);
  return ok();
}

bool Archive::was_cut_off() const {
  return is_prepared(folder_ / kStateFile);
}

}  // namespace fieldgate::policies
