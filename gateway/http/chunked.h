// The chunked transfer coding, decoded in place and strictly (RFC 9112 7.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace fieldgate::http {

/// Octets of chunk extensions that one body may carry; they are ignored.
inline constexpr std::size_t kMaxChunkExtensionBytes = 1024;
/// Octets of trailer fields that one body may carry; they are ignored.
inline constexpr std::size_t kMaxTrailerBytes = 4096;

class ChunkDecoder {
 public:
  enum class Status { kNeedMore, kDone, kMalformed };
  struct Outcome {
    Status status;
    std::size_t consumed;  ///< octets of input used
    std::size_t produced;  ///< octets of content, moved to the front of the input
  };

  /// Decodes what `data` holds, compacting the content to its front.
  Outcome decode(char* data, std::size_t size);
  void reset() { *this = ChunkDecoder(); }

 private:
  enum class State : std::uint8_t {
    kSizeStart,
    kSize,
    kExtensionName,
    kExtensionValue,
    kExtensionToken,
    kExtensionQuoted,
    kExtensionEscape,
    kExtensionEnd,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kLastLf,
    kDone,
  };
  /// Takes one octet of anything but content; false when it does not fit the grammar.
  bool take(char c);
  bool take_size(char c);
  bool take_extension(char c);
  /// What follows a size or an extension: another extension, or the end of the line.
  bool end_size_or_extension(char c);
  bool take_trailer(char c);

  State state_ = State::kSizeStart;
  std::uint64_t remaining_ = 0;  ///< of the current chunk
  unsigned size_digits_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  bool name_begun_ = false;
  std::string trailer_name_;
};

}  // namespace fieldgate::http
