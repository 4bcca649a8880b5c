#include "gateway/http/chunked.h"

#include "gateway/http/text.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace fieldgate::http {

namespace {

/// Hexadecimal digits of one chunk size, leading zeros included: no overflow of 64 bits.
constexpr unsigned kMaxSizeDigits = 15;

/// Fields that would change what has been decided already (RFC 9110 6.5.1).
constexpr std::array<std::string_view, 12> kForbiddenTrailers = {
    "content-length", "transfer-encoding", "host", "connection", "expect", "authorization",
    "content-type",   "content-encoding",  "te",   "trailer",    "cookie", "content-range"};

bool is_field_octet(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
}

}  // namespace

ChunkDecoder::Outcome ChunkDecoder::decode(char* data, std::size_t size) {
  std::size_t in = 0;
  std::size_t out = 0;
  while (in < size && state_ != State::kDone) {
    if (state_ == State::kData) {
      const std::size_t piece = std::min<std::uint64_t>(remaining_, size - in);
      std::memmove(data + out, data + in, piece);
      in += piece;
      out += piece;
      remaining_ -= piece;
      if (remaining_ == 0) {
        state_ = State::kDataCr;
      }
      continue;
    }
    if (!take(data[in])) {
      return {Status::kMalformed, in, out};
    }
    ++in;
  }
  return {state_ == State::kDone ? Status::kDone : Status::kNeedMore, in, out};
}

bool ChunkDecoder::take(char c) {
  switch (state_) {
    case State::kSizeStart:
    case State::kSize:
      return take_size(c);
    case State::kExtensionName:
    case State::kExtensionValue:
    case State::kExtensionToken:
    case State::kExtensionQuoted:
    case State::kExtensionEscape:
    case State::kExtensionEnd:
      return take_extension(c);
    case State::kSizeLf:
      state_ = remaining_ == 0 ? State::kTrailerStart : State::kData;
      return c == '\n';
    case State::kDataCr:
      state_ = State::kDataLf;
      return c == '\r';
    case State::kDataLf:
      state_ = State::kSizeStart;
      return c == '\n';
    case State::kTrailerStart:
    case State::kTrailerName:
    case State::kTrailerValue:
    case State::kTrailerLf:
      return take_trailer(c);
    case State::kLastLf:
      state_ = State::kDone;
      return c == '\n';
    case State::kData:
    case State::kDone:
      break;
  }
  return false;
}

bool ChunkDecoder::take_size(char c) {
  if (const int digit = hex_value(c); digit >= 0) {
    if (state_ == State::kSizeStart) {
      remaining_ = 0;
      size_digits_ = 0;
      state_ = State::kSize;
    }
    remaining_ = remaining_ * 16 + static_cast<unsigned>(digit);
    return ++size_digits_ <= kMaxSizeDigits;
  }
  if (state_ == State::kSizeStart) {
    return false;
  }
  return end_size_or_extension(c);
}

bool ChunkDecoder::end_size_or_extension(char c) {
  if (c == ';') {
    state_ = State::kExtensionName;
    name_begun_ = false;
    return true;
  }
  state_ = State::kSizeLf;
  return c == '\r';
}

bool ChunkDecoder::take_extension(char c) {
  if (++extension_bytes_ > kMaxChunkExtensionBytes) {
    return false;
  }
  switch (state_) {
    case State::kExtensionName:
      if (contains(kTokenOctets, c)) {
        name_begun_ = true;
        return true;
      }
      if (!name_begun_) {
        return false;
      }
      if (c == '=') {
        state_ = State::kExtensionValue;
        return true;
      }
      break;
    case State::kExtensionValue:
      state_ = c == '"' ? State::kExtensionQuoted : State::kExtensionToken;
      return c == '"' || contains(kTokenOctets, c);
    case State::kExtensionToken:
      if (contains(kTokenOctets, c)) {
        return true;
      }
      break;
    case State::kExtensionQuoted:
      if (c == '"') {
        state_ = State::kExtensionEnd;
      } else if (c == '\\') {
        state_ = State::kExtensionEscape;
      }
      return is_field_octet(c);
    case State::kExtensionEscape:
      state_ = State::kExtensionQuoted;
      return is_field_octet(c);
    default:
      break;
  }
  return end_size_or_extension(c);
}

bool ChunkDecoder::take_trailer(char c) {
  if (++trailer_bytes_ > kMaxTrailerBytes) {
    return false;
  }
  switch (state_) {
    case State::kTrailerStart:
      if (c == '\r') {
        state_ = State::kLastLf;
        return true;
      }
      trailer_name_.assign(1, to_lower(c));
      state_ = State::kTrailerName;
      return contains(kTokenOctets, c);
    case State::kTrailerName:
      if (c == ':') {
        state_ = State::kTrailerValue;
        return std::find(kForbiddenTrailers.begin(), kForbiddenTrailers.end(), trailer_name_) ==
               kForbiddenTrailers.end();
      }
      trailer_name_.push_back(to_lower(c));
      return contains(kTokenOctets, c);
    case State::kTrailerValue:
      if (c == '\r') {
        state_ = State::kTrailerLf;
        return true;
      }
      return is_field_octet(c);
    default:
      state_ = State::kTrailerStart;
      return c == '\n';
  }
}

}  // namespace fieldgate::http
