// The apps API as an app speaks it, and a list of every receipt it got.
#pragma once

#include "tests/integration/support/bookshop.h"
#include "tests/integration/support/http_client.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace fieldgate::test {

namespace json = boost::json;

/// What an answer says about its record.
struct Receipt {
  std::string request_id;
  std::string record_id;  ///< the request's, with the position in a batch
  std::uint64_t index = 0;
  std::string leaf;
  std::string log;
  int status = 0;
};

struct ApiAnswer {
  int status = 0;  ///< 0: the connection broke
  json::value body;
  std::string text;
  std::string request_id;
  std::string content_type;

  [[nodiscard]] const json::object& object() const;
  /// The text member NAME of the body, empty without one.
  [[nodiscard]] std::string word(const std::string& name) const;
  /// The problem's `code`, empty without one.
  [[nodiscard]] std::string code() const;
  /// The last word of the problem's type.
  [[nodiscard]] std::string problem() const;
  [[nodiscard]] bool recorded() const;
  [[nodiscard]] Receipt receipt() const;
  /// `fields.NAME` as JSON text, empty when it was not returned.
  [[nodiscard]] std::string field(const std::string& name) const;
  /// `withheld.NAME.code`, empty when it is not named there.
  [[nodiscard]] std::string withheld(const std::string& name) const;
};

/// One app with one connection. Checks the form of every answer: a problem is one by RFC 9457,
/// every answer has an X-Request-ID of its own.
class Api {
 public:
  Api(const Bookshop& shop, const std::string& app) : Api(shop.port(), shop.key(app)) {}
  Api(std::uint16_t port, std::string key) : client_(port), key_(std::move(key)) {}

  ApiAnswer post(const std::string& path, std::string_view body);
  ApiAnswer patch(std::string_view body);
  ApiAnswer get(const std::string& target);
  ApiAnswer ask(const std::string& method, const std::string& target,
                const std::vector<std::string>& headers, std::string_view body);
  ApiAnswer read(std::string_view body) { return post("/v1/profiles/read", body); }

  [[nodiscard]] HttpClient& client() { return client_; }
  [[nodiscard]] const std::vector<Receipt>& receipts() const { return receipts_; }
  [[nodiscard]] const std::vector<std::string>& unrecorded() const { return unrecorded_; }

 private:
  HttpClient client_;
  std::string key_;
  std::vector<Receipt> receipts_;
  std::vector<std::string> unrecorded_;  // the request ids of answers without a receipt
};

/// `{"type":"email","value":"ada@example.com"}` and so on, as members of a body.
[[nodiscard]] std::string email(std::string_view value);
[[nodiscard]] std::string phone(std::string_view value);
[[nodiscard]] std::string account(std::string_view value);
[[nodiscard]] std::string pseudonym(std::string_view value);

/// The body of a read; `who` is one of the above.
[[nodiscard]] std::string read_of(const std::string& who, const std::string& purpose,
                                  const std::vector<std::string>& fields = {},
                                  const std::string& context = {});
struct ConsentAct {
  std::string purpose;
  std::string state = "given";
  std::string collected_at = {};  ///< now when empty
  std::string more = {};          ///< further members, each with a comma before it
};
[[nodiscard]] std::string consent_of(const std::string& who, const ConsentAct& act);
/// Body of an objection or, with an empty purpose, of a restriction.
[[nodiscard]] std::string right_of(const std::string& who, const std::string& purpose,
                                   const std::string& state);
/// RFC 3339 in UTC, some seconds from now.
[[nodiscard]] std::string time_from_now(std::int64_t seconds);

/// Every receipt names a stored record that holds its request's id and hashes to its leaf; none of
/// `unrecorded` stands in any record. Call it once the records are on disk, which they always are.
void expect_proven(const std::filesystem::path& log, const std::vector<Receipt>& receipts,
                   const std::vector<std::string>& unrecorded = {});

}  // namespace fieldgate::test
