// Stage 8: the bytes of the answer. They exist only together with the receipt of their record.
#include "gateway/http/problem.h"
#include "gateway/read_path/stages.h"

#include <fieldgate/crypto/encoding.h>

namespace fieldgate::read_path {

std::string respond(Answer answer, const audit::Receipt& receipt) {
  std::string body = std::move(answer.open_body);
  body += ",\"audit\":{\"log\":";
  http::append_json_string(body, receipt.origin());
  body += ",\"index\":";
  body += std::to_string(receipt.index());
  body += ",\"leaf\":\"";
  crypto::append_base64(body, receipt.leaf());
  body += "\"}";
  body.append(answer.open_objects, '}');
  return body;
}

}  // namespace fieldgate::read_path
