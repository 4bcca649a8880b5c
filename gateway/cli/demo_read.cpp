#include "gateway/cli/demo_read.h"

#include "gateway/http/json.h"
#include "gateway/http/loopback_client.h"

#include <fieldgate/audit/verify.h>
#include <fieldgate/crypto/encoding.h>
#include <fieldgate/crypto/hash.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <iomanip>
#include <iostream>

namespace fieldgate::cli {

namespace {

constexpr std::string_view kBody =
    R"({"identifier":{"type":"email","value":"Ada@Example.com"},"purpose":"personalisation",)"
    R"("fields":["first_name","city","phone"]})";

void print_fields(const boost::json::object& answer) {
  for (const auto& field : answer.at("fields").as_object()) {
    std::cout << "    " << std::left << std::setw(14) << std::string_view(field.key())
              << boost::json::serialize(field.value()) << '\n';
  }
  for (const auto& field : answer.at("withheld").as_object()) {
    const boost::json::object& why = field.value().as_object();
    std::cout << "    " << std::left << std::setw(14) << std::string_view(field.key())
              << "withheld: " << std::string_view(why.at("code").as_string()) << " ("
              << std::string_view(why.at("because").as_string()) << ")\n";
  }
}

// From the bytes on disk: the record is there, names this leaf, and the signed root covers it.
Result<void> check_proof(const std::filesystem::path& log, std::uint64_t index,
                         const std::string& leaf) {
  FIELDGATE_TRY(const audit::InclusionProof proof, audit::prove_inclusion(log, index));
  const Byte leaf_prefix = 0x00;
  const Hash32 recomputed = crypto::sha256({ByteView(&leaf_prefix, 1), as_bytes(proof.record)});
  FIELDGATE_TRY(const audit::VerifyReport whole, audit::verify_log(log));
  const bool proven =
      whole.ok && whole.root == proof.root && crypto::base64_encode(recomputed) == leaf &&
      audit::verify_inclusion(index, proof.size, recomputed, proof.path, proof.root);
  if (!proven) {
    return make_error(ErrorCode::kCorrupt, "the proof of the read's record does not hold");
  }
  std::cout << "  proof: record " << index << " of " << proof.size
            << " is in the signed log: " << proof.path.size()
            << " hashes lead from its leaf to the root "
            << crypto::base64_encode(proof.root).substr(0, 12) << "…\n";
  return ok();
}

}  // namespace

Result<void> show_one_read(Deployment& deployment, std::uint16_t port, const std::string& key) {
  std::cout << "One read, as the web shop makes it:\n  POST /v1/profiles/read " << kBody << "\n";
  FIELDGATE_TRY(const http::ClientAnswer answer,
                http::post_to_loopback(port, "/v1/profiles/read", key, kBody));
  FIELDGATE_TRY(const auto json, http::parse_json(answer.body));
  if (answer.status != 200) {
    std::cout << "  → " << answer.status << ' ' << answer.body << '\n';
    return ok();  // somebody used the demo: Ada may have withdrawn
  }
  std::cout << "  → 200\n";
  print_fields(json.as_object());
  const boost::json::object& audit = json.as_object().at("audit").as_object();
  FIELDGATE_CHECK_OK(deployment.log().write_checkpoint());
  return check_proof(deployment.config().data_directory / "log",
                     audit.at("index").to_number<std::uint64_t>(),
                     std::string(audit.at("leaf").as_string()));
}

}  // namespace fieldgate::cli
