#include "gateway/http/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <exception>
#include <list>
#include <string>
#include <vector>

namespace fieldgate::http {

namespace {

namespace json = boost::json;

/// Decimal digits that a double keeps whatever their value.
constexpr std::size_t kMaxSignificantDigits = 17;
/// Objects of up to this many members are searched for duplicates pair by pair.
constexpr std::size_t kPairwiseMembers = 12;
/// Members that a usual request body has open at once.
constexpr std::size_t kUsualMembers = 16;
/// Scratch for values under construction; enough for a usual request body.
constexpr std::size_t kScratchBytes = 4096;

/// The digits of a number from its first to its last one that is not zero.
std::size_t significant_digits(std::string_view literal) {
  std::size_t count = 0;
  std::size_t zeros = 0;
  for (const char c : literal) {
    if (c == 'e' || c == 'E') {
      break;
    }
    if (c == '0') {
      zeros += count > 0 ? 1 : 0;
    } else if (c >= '1' && c <= '9') {
      count += zeros + 1;
      zeros = 0;
    }
  }
  return count;
}

class ValueBuilder {
 public:
  // NOLINTBEGIN(readability-identifier-naming): Boost.JSON looks for these names
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();
  // NOLINTEND(readability-identifier-naming)

  ValueBuilder(json::storage_ptr storage, bool has_escapes, unsigned char* scratch)
      : stack_(json::storage_ptr(), scratch, kScratchBytes),
        storage_(std::move(storage)),
        has_escapes_(has_escapes) {
    stack_.reset(storage_);
    keys_.reserve(kUsualMembers);
  }

  [[nodiscard]] json::value release() { return stack_.release(); }
  [[nodiscard]] std::string_view fault() const { return fault_; }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return true; }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_object_end(std::size_t members, json::error_code& ec) {
    if (has_duplicate(members)) {
      return refuse(ec, "a member occurs twice in one object");
    }
    keys_.resize(keys_.size() - members);
    stack_.push_object(members);
    return true;
  }
  bool on_array_end(std::size_t elements, json::error_code&) {
    stack_.push_array(elements);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code& ec) {
    key_parts_.append(part.data(), part.size());
    stack_.push_chars(part);
    return check_nul(part, ec);
  }
  bool on_key(json::string_view part, std::size_t total, json::error_code& ec) {
    if (part.size() == total) {
      keys_.emplace_back(part.data(), part.size());
    } else {
      key_parts_.append(part.data(), part.size());
    }
    if (has_escapes_) {
      // The parser may hand out its own buffer for a key with escapes.
      if (part.size() == total) {
        unescaped_keys_.emplace_back(part.data(), part.size());
        keys_.back() = unescaped_keys_.back();
      } else {
        unescaped_keys_.push_back(key_parts_);
        keys_.emplace_back(unescaped_keys_.back());
      }
    }
    key_parts_.clear();
    stack_.push_key(part);
    return check_nul(part, ec);
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code& ec) {
    stack_.push_chars(part);
    return check_nul(part, ec);
  }
  bool on_string(json::string_view part, std::size_t, json::error_code& ec) {
    stack_.push_string(part);
    return check_nul(part, ec);
  }
  bool on_number_part(json::string_view, json::error_code& ec) {
    // Called only for text that comes in pieces, and ours comes whole: the number is cut off.
    return refuse(ec, "a number is cut off");
  }
  bool on_int64(std::int64_t number, json::string_view, json::error_code&) {
    stack_.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
    stack_.push_uint64(number);
    return true;
  }
  bool on_double(double, json::string_view text, json::error_code& ec) {
    const std::string_view literal(text.data(), text.size());
    if (literal.find_first_of(".eE") == std::string_view::npos) {
      return refuse(ec, "an integer does not fit 64 bits");
    }
    // The parser's own conversion is fast and may be off in the last place.
    double number = 0;
    const auto [end, fault] =
        std::from_chars(literal.data(), literal.data() + literal.size(), number);
    const std::size_t digits = significant_digits(literal);
    if (fault != std::errc() || end != literal.data() + literal.size() || !std::isfinite(number) ||
        digits > kMaxSignificantDigits || (number == 0 && digits > 0)) {
      return refuse(ec, "a number would lose its value as a double");
    }
    stack_.push_double(number);
    return true;
  }
  bool on_bool(bool value, json::error_code&) {
    stack_.push_bool(value);
    return true;
  }
  bool on_null(json::error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  bool refuse(json::error_code& ec, std::string_view fault) {
    fault_ = fault;
    ec = json::error::syntax;
    return false;
  }
  bool check_nul(json::string_view part, json::error_code& ec) {
    // U+0000 can only be written as an escape.
    if (has_escapes_ && std::memchr(part.data(), 0, part.size()) != nullptr) {
      return refuse(ec, "a string holds U+0000");
    }
    return true;
  }
  bool has_duplicate(std::size_t members) {
    const auto begin = keys_.end() - static_cast<std::ptrdiff_t>(members);
    if (members <= kPairwiseMembers) {
      for (auto key = begin; key != keys_.end(); ++key) {
        if (std::find(key + 1, keys_.end(), *key) != keys_.end()) {
          return true;
        }
      }
      return false;
    }
    std::sort(begin, keys_.end());
    return std::adjacent_find(begin, keys_.end()) != keys_.end();
  }

  json::value_stack stack_;
  json::storage_ptr storage_;
  bool has_escapes_;
  std::string_view fault_;
  std::vector<std::string_view> keys_;  ///< of the objects that are open, the innermost last
  std::string key_parts_;
  std::list<std::string> unescaped_keys_;
};

Error syntax_error(std::string_view what, std::size_t offset) {
  std::string message = "json at byte " + std::to_string(offset) + ": ";
  message.append(what);
  return make_error(ErrorCode::kInvalid, std::move(message), "malformed-json");
}

}  // namespace

Result<json::value> parse_json(std::string_view text, json::storage_ptr storage) {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  // Not cleared: only what was written to it is read. NOLINTNEXTLINE(*-pro-type-member-init)
  alignas(std::max_align_t) std::array<unsigned char, kScratchBytes> scratch;
  const bool has_escapes = text.find('\\') != std::string_view::npos;
  try {
    json::basic_parser<ValueBuilder> parser(options, std::move(storage), has_escapes,
                                            scratch.data());
    json::error_code ec;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
    if (ec) {
      const std::string_view fault = parser.handler().fault();
      return syntax_error(fault.empty() ? ec.message() : std::string(fault), used);
    }
    if (used != text.size()) {
      return syntax_error("more text after the value", used);
    }
    return parser.handler().release();
  } catch (const std::exception&) {
    return make_error(ErrorCode::kTooLarge, "json text too large to hold", "malformed-json");
  }
}

}  // namespace fieldgate::http
