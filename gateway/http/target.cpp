#include "gateway/http/target.h"

#include "gateway/http/text.h"
#include "gateway/http/utf8.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <vector>

namespace fieldgate::http {

namespace {

constexpr std::string_view kApiKeyPrefix = "fgk_";
constexpr std::array<std::string_view, 4> kCredentialParameters = {"access_token", "api_key",
                                                                   "apikey", "authorization"};

bool octets_allowed(std::string_view text, const OctetSet& allowed) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) {
        return false;
      }
      i += 2;
    } else if (!contains(allowed, text[i])) {
      return false;
    }
  }
  return true;
}

/// `text` decoded, in `scratch` when decoding changes it.
std::string_view decoded(std::string_view text, std::string& scratch) {
  if (text.find('%') == std::string_view::npos) {
    return text;
  }
  scratch.clear();
  // The octets have been checked, so that decoding succeeds.
  static_cast<void>(percent_decode(text, scratch));
  return scratch;
}

bool path_carries_key(std::string_view path) {
  if (path.find('%') == std::string_view::npos &&
      path.find(kApiKeyPrefix) == std::string_view::npos) {
    return false;
  }
  std::string scratch;
  return decoded(path, scratch).find(kApiKeyPrefix) != std::string_view::npos;
}

TargetFault check_query(std::string_view query) {
  std::vector<std::string> names;
  std::string scratch;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (parameter.empty()) {
      continue;
    }
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    std::string name(decoded(parameter.substr(0, equals), scratch));
    std::transform(name.begin(), name.end(), name.begin(), to_lower);
    const std::string_view value =
        decoded(parameter.substr(std::min(equals + 1, parameter.size())), scratch);
    if (value.starts_with(kApiKeyPrefix) || name.starts_with(kApiKeyPrefix) ||
        std::find(kCredentialParameters.begin(), kCredentialParameters.end(), name) !=
            kCredentialParameters.end()) {
      return TargetFault::kKeyInUrl;
    }
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      return TargetFault::kRepeatedParameter;
    }
    if (names.size() == kMaxQueryParameters) {
      return TargetFault::kTooManyParameters;
    }
    names.push_back(std::move(name));
  }
  return TargetFault::kNone;
}

bool is_valid_port(std::string_view port) {
  return port.size() <= 5 && std::all_of(port.begin(), port.end(), is_digit);
}

}  // namespace

bool percent_decode(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) {
      return false;
    }
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) {
      return false;
    }
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return true;
}

std::string percent_encode(std::string_view text, std::string_view kept) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kPlain.find(c) != std::string_view::npos ||
                       kept.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4U], kHex[byte & 0x0fU]};
    }
  }
  return out;
}

TargetFault check_target(std::string_view path, std::string_view query) {
  if (!octets_allowed(path, kPathOctets) || !octets_allowed(query, kQueryOctets)) {
    return TargetFault::kMalformed;
  }
  if (path_carries_key(path)) {
    return TargetFault::kKeyInUrl;
  }
  return query.empty() ? TargetFault::kNone : check_query(query);
}

bool decode_segment(std::string_view segment, std::string& out) {
  out.clear();
  if (!percent_decode(segment, out) || out.empty() || out == "." || out == "..") {
    return false;
  }
  const bool unsafe = std::any_of(out.begin(), out.end(), [](char c) {
    return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  return !unsafe && is_utf8(out);
}

bool is_valid_host(std::string_view authority) {
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) {
      return false;
    }
    const std::string literal(authority.substr(1, close - 1));
    in6_addr address{};
    if (inet_pton(AF_INET6, literal.c_str(), &address) != 1) {
      return false;
    }
    const std::string_view rest = authority.substr(close + 1);
    return rest.empty() || (rest.front() == ':' && is_valid_port(rest.substr(1)));
  }
  const std::size_t colon = authority.find(':');
  const std::string_view name = authority.substr(0, colon);
  if (name.empty() || !octets_allowed(name, kRegNameOctets)) {
    return false;
  }
  return colon == std::string_view::npos || is_valid_port(authority.substr(colon + 1));
}

}  // namespace fieldgate::http
