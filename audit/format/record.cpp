#include <fieldgate/audit/record.h>

#include "audit/format/utf8.h"

#include <fieldgate/crypto/encoding.h>

#include <string>

namespace fieldgate::audit {

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

bool plain(char c) {
  const auto byte = static_cast<Byte>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

void append_escape(std::string& out, char c) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[static_cast<Byte>(c) >> 4U];
      out += kHex[static_cast<Byte>(c) & 0xFU];
  }
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t run = 0;
    while (run < text.size() && plain(text[run])) {
      ++run;
    }
    out.append(text.substr(0, run));
    text.remove_prefix(run);
    if (text.empty()) {
      break;
    }
    if (static_cast<Byte>(text.front()) < 0x80) {
      append_escape(out, text.front());
      text.remove_prefix(1);
      continue;
    }
    std::size_t broken = 0;
    if (const std::size_t length = utf8_length(text, broken); length != 0) {
      out.append(text.substr(0, length));
      text.remove_prefix(length);
    } else {
      out.append(kReplacement);
      text.remove_prefix(broken);
    }
  }
  out += '"';
}

void append_member(std::string& out, std::string_view quoted_name, std::string_view text) {
  if (!text.empty()) {
    out += quoted_name;
    append_string(out, text);
  }
}

void append_bytes(std::string& out, std::string_view open_member, ByteView bytes) {
  if (!bytes.empty()) {
    out += open_member;
    crypto::append_base64(out, bytes);
    out += '"';
  }
}

}  // namespace

std::string_view record_type_name(RecordType type) {
  switch (type) {
    case RecordType::kRead:
      return "read";
    case RecordType::kDeny:
      return "deny";
    case RecordType::kSearch:
      return "search";
    case RecordType::kExport:
      return "export";
    case RecordType::kErase:
      return "erase";
    case RecordType::kConsent:
      return "consent";
    case RecordType::kKey:
      return "key";
    case RecordType::kPolicy:
      return "policy";
    case RecordType::kAdmin:
      return "admin";
    case RecordType::kRecovery:
      return "recovery";
    case RecordType::kWrite:
      return "write";
  }
  return "unknown";
}

Result<void> write_record(std::string& out, const RecordFields& record) {
  static_assert(kRecordVersion == 1, "the literal below holds the version");
  const std::size_t before = out.size();
  out += "{\"v\":1";
  append_member(out, ",\"id\":", record.id);
  append_member(out, ",\"time\":", format_rfc3339_micros(record.time));
  append_member(out, ",\"type\":", record_type_name(record.type));
  append_member(out, ",\"door\":", record.door);
  append_member(out, ",\"decision\":", record.decision);
  append_member(out, ",\"code\":", record.code);
  append_member(out, ",\"app\":", record.app);
  append_member(out, ",\"about_app\":", record.about_app);
  append_member(out, ",\"credential\":", record.credential);
  append_member(out, ",\"purpose\":", record.purpose);
  append_member(out, ",\"basis\":", record.basis);
  append_member(out, ",\"policy\":", record.policy);
  append_member(out, ",\"policy_digest\":", record.policy_digest);
  append_member(out, ",\"request_id\":", record.request_id);
  append_bytes(out, ",\"subject_tag\":\"", record.subject_tag);
  append_bytes(out, ",\"sealed\":\"", record.sealed);
  if (!record.fields.empty()) {
    out += ",\"fields\":";
    char separator = '{';
    for (const FieldOutcome& field : record.fields) {
      out += separator;
      append_string(out, field.field);
      out += ':';
      append_string(out, field.outcome);
      separator = ',';
    }
    out += '}';
  }
  append_member(out, ",\"detail\":", record.detail);
  out += '}';
  if (out.size() - before > kMaxRecordBytes) {
    out.resize(before);
    return make_error(
        ErrorCode::kTooLarge,
        "an audit record may have at most " + std::to_string(kMaxRecordBytes) + " bytes",
        "audit-record-size");
  }
  return ok();
}

}  // namespace fieldgate::audit
