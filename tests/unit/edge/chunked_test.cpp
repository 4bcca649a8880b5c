#include "gateway/http/chunked.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace fieldgate::http {
namespace {

struct Decoded {
  ChunkDecoder::Status status;
  std::string content;
  std::size_t consumed;
};

/// Decodes `text` in pieces of `step` octets.
Decoded decode(std::string_view text, std::size_t step) {
  ChunkDecoder decoder;
  Decoded out{ChunkDecoder::Status::kNeedMore, {}, 0};
  while (out.consumed < text.size() && out.status == ChunkDecoder::Status::kNeedMore) {
    std::string piece(text.substr(out.consumed, step));
    const auto outcome = decoder.decode(piece.data(), piece.size());
    out.content.append(piece, 0, outcome.produced);
    out.consumed += outcome.consumed;
    out.status = outcome.status;
  }
  return out;
}

TEST(Chunked, DecodesHoweverItIsCut) {
  const std::string body =
      "5\r\nhello\r\n00001;a;b=c;d=\"e \\\" f\"\r\n,\r\nA\r\n0123456789\r\n0\r\nX: y\r\nZ:\r\n\r\n";
  for (std::size_t step = 1; step <= body.size(); ++step) {
    const Decoded out = decode(body + "GET", step);
    ASSERT_EQ(out.status, ChunkDecoder::Status::kDone) << step;
    EXPECT_EQ(out.content, "hello,0123456789");
    EXPECT_EQ(out.consumed, body.size()) << "nothing of the next request is taken";
  }
}

TEST(Chunked, RefusesEveryDeviation) {
  for (const std::string_view body : {
           "3\nabc\r\n0\r\n\r\n",
           "3\rabc",
           "0x3\r\nabc",
           "+3\r\nabc",
           "-3\r\nabc",
           " 3\r\nabc",
           "3 \r\nabc",
           "3\t;a\r\nabc",
           "\r\n",
           ";a\r\n",
           "g\r\n",
           "3\r\nabcd",
           "3\r\nabc\n",
           "3\r\nabcXX0\r\n\r\n",
           "3;\r\nabc",
           "3;;a\r\nabc",
           "3;a=\r\nabc",
           "3;a b\r\nabc",
           "3;a=\"b\r\nabc",
           "3;a=\"b\"c\r\nabc",
           "3;a\nb\r\nabc",
           "1000000000000003\r\nabc",
           "0000000000000003\r\nabc",
           "0\r\nContent-Length: 3\r\n\r\n",
           "0\r\ntransfer-encoding: x\r\n\r\n",
           "0\r\nHost: b\r\n\r\n",
           "0\r\n folded: b\r\n\r\n",
           "0\r\nNoColon\r\n\r\n",
           "0\r\n: empty\r\n\r\n",
           "0\r\nX : y\r\n\r\n",
           "0\r\nX: a\nb\r\n\r\n",
           "0\r\n\rX",
       }) {
    EXPECT_EQ(decode(body, 1).status, ChunkDecoder::Status::kMalformed) << body;
    EXPECT_EQ(decode(body, body.size()).status, ChunkDecoder::Status::kMalformed) << body;
  }
  EXPECT_EQ(decode(std::string_view("0\r\nX: a\0b\r\n\r\n", 13), 1).status,
            ChunkDecoder::Status::kMalformed);
}

TEST(Chunked, BoundsExtensionsAndTrailers) {
  // One octet of the limit is the carriage return that ends the extension.
  const auto extension = [](std::size_t size) {
    return "1;" + std::string(size - 1, 'e') + "\r\nx\r\n0\r\n\r\n";
  };
  EXPECT_EQ(decode(extension(kMaxChunkExtensionBytes), 7).status, ChunkDecoder::Status::kDone);
  EXPECT_EQ(decode(extension(kMaxChunkExtensionBytes + 1), 7).status,
            ChunkDecoder::Status::kMalformed);
  const auto trailer = [](std::size_t size) {
    return "0\r\nX:" + std::string(size - 5, 't') + "\r\n\r\n";
  };
  EXPECT_EQ(decode(trailer(kMaxTrailerBytes), 100).status, ChunkDecoder::Status::kDone);
  EXPECT_EQ(decode(trailer(kMaxTrailerBytes + 1), 100).status, ChunkDecoder::Status::kMalformed);
  std::string drip;
  for (std::size_t i = 0; i <= kMaxChunkExtensionBytes / 2; ++i) {
    drip += "1;e\r\nx\r\n";
  }
  EXPECT_EQ(decode(drip, 64).status, ChunkDecoder::Status::kMalformed)
      << "many small extensions count together";
}

TEST(Chunked, LargestChunkSizeDoesNotOverflow) {
  const Decoded out = decode("fffffffffffffff\r\nabc", 100);
  EXPECT_EQ(out.status, ChunkDecoder::Status::kNeedMore);
  EXPECT_EQ(out.content, "abc");
}

}  // namespace
}  // namespace fieldgate::http
