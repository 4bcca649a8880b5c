#include "crypto/index/email.h"

#include "crypto/index/unicode_text.h"

#include <idn2.h>
#include <unicode/uchar.h>

#include <array>
#include <memory>

namespace fieldgate::crypto {

namespace {

constexpr std::size_t kMaxLabelBytes = 63;  // RFC 1035, 2.3.4

using CharTable = std::array<char, 256>;

// The lower-case form of each letter that may stand in a place, 0 for all others.
constexpr CharTable make_table(std::string_view others) {
  CharTable table{};
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    table[static_cast<unsigned char>(letter)] = letter;
    table[static_cast<unsigned char>(letter - 'a' + 'A')] = letter;
  }
  for (char digit = '0'; digit <= '9'; ++digit) {
    table[static_cast<unsigned char>(digit)] = digit;
  }
  for (const char other : others) {
    table[static_cast<unsigned char>(other)] = other;
  }
  return table;
}

// `atext` of RFC 5322, and the dot wherever it stands: some mailboxes have two in a row.
constexpr CharTable kLocal = make_table("!#$%&'*+-/=?^_`{|}~.");
constexpr CharTable kDomain = make_table("-");

constexpr bool is_ascii_space(char letter) {
  return letter == ' ' || (letter >= '\t' && letter <= '\r');
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_ascii_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_ascii_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

Error not_an_address(const char* why) {
  return make_error(ErrorCode::kInvalid, std::string("the e-mail address ") + why);
}

// Letters, digits and hyphens inside, as host names are; `xn--` and its like come only from IDNA.
bool is_plain_label(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabelBytes && label.front() != '-' &&
         label.back() != '-' && (label.size() < 4 || label[2] != '-' || label[3] != '-');
}

bool is_host_name(std::string_view domain) {
  if (domain.empty() || domain.size() > kMaxDomainBytes) {
    return false;
  }
  std::size_t label = 0;
  for (std::size_t i = 0; i <= domain.size(); ++i) {
    if (i == domain.size() || domain[i] == '.') {
      if (i == label || i - label > kMaxLabelBytes || domain[label] == '-' ||
          domain[i - 1] == '-') {
        return false;
      }
      label = i + 1;
    } else if (kDomain[static_cast<unsigned char>(domain[i])] != domain[i]) {
      return false;
    }
  }
  return true;
}

bool is_local_part(const icu::UnicodeString& local) {
  for (std::int32_t i = 0; i < local.length(); i = local.moveIndex32(i, 1)) {
    const UChar32 point = local.char32At(i);
    const bool good = point < 0x80
                          ? kLocal[static_cast<unsigned char>(point)] != 0
                          : u_isUWhiteSpace(point) == 0 && u_charType(point) != U_FORMAT_CHAR;
    if (!good) {
      return false;
    }
  }
  return !local.isEmpty();
}

}  // namespace

std::optional<std::string> normalise_plain_email(std::string_view value) {
  const std::string_view text = trim(value);
  std::string address(text.size(), '\0');
  std::size_t i = 0;
  for (; i < text.size() && text[i] != '@'; ++i) {
    address[i] = kLocal[static_cast<unsigned char>(text[i])];
    if (address[i] == 0) {
      return std::nullopt;
    }
  }
  if (i == 0 || i > kMaxLocalPartBytes || i == text.size() ||
      text.size() - i - 1 > kMaxDomainBytes - 2) {
    return std::nullopt;
  }
  address[i++] = '@';
  for (std::size_t label = i; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == '.') {
      if (!is_plain_label(std::string_view(address).substr(label, i - label))) {
        return std::nullopt;
      }
      if (i < text.size()) {
        address[i] = '.';
      }
      label = i + 1;
      continue;
    }
    address[i] = kDomain[static_cast<unsigned char>(text[i])];
    if (address[i] == 0) {
      return std::nullopt;
    }
  }
  return address;
}

Result<std::string> domain_to_ascii(std::string_view domain) {
  std::uint8_t* found = nullptr;
  const std::string terminated(domain);
  const int status = terminated.find('\0') != std::string::npos
                         ? IDN2_ENCODING_ERROR
                         : idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(terminated.c_str()),
                                          &found, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  const std::unique_ptr<std::uint8_t, void (*)(void*)> owned(found, idn2_free);
  if (status != IDN2_OK) {
    return not_an_address("has a domain that is not valid (UTS #46)");
  }
  return std::string(reinterpret_cast<const char*>(found));
}

Result<std::string> normalise_general_email(std::string_view value) {
  FIELDGATE_TRY(const icu::UnicodeString text, read_text(value));
  const std::int32_t at = text.indexOf(u'@');
  if (at < 0 || text.indexOf(u'@', at + 1) >= 0) {
    return not_an_address("must have one `@`");
  }
  FIELDGATE_TRY(const icu::UnicodeString folded, fold_case(text.tempSubStringBetween(0, at)));
  if (!is_local_part(folded)) {
    return not_an_address("has a part before the `@` that is empty, quoted or not allowed");
  }
  FIELDGATE_TRY(std::string domain, domain_to_ascii(to_utf8(text.tempSubString(at + 1))));
  for (char& letter : domain) {
    letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  if (!is_host_name(domain)) {
    return not_an_address("has a domain that is no host name");
  }
  std::string address = to_utf8(folded);
  if (address.size() > kMaxLocalPartBytes) {
    return not_an_address("has more than 64 bytes before the `@`");
  }
  address += '@';
  address += domain;
  return address;
}

}  // namespace fieldgate::crypto
