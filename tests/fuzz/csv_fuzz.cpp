// Any bytes as CSV and as NDJSON, whole and in two pieces: no crash, the same rows and errors, and
// lines that never run backwards.
#include "gateway/import/row_source.h"

#include <fieldgate/policy/load.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace fieldgate;
using namespace fieldgate::importing;

constexpr std::string_view kPolicy = R"(policy: "1"
controller: {name: Test Ltd, dpo: dpo@test.example, country: IE}
fields:
  first_name: {says: First name, type: text, category: "pd:Name"}
  email: {says: Email, type: email, category: "pd:EmailAddress", identifier: direct}
  country: {says: Country, type: country, category: "pd:Country"}
  genres: {says: Genres, type: list, category: "pd:Favourite"}
recipients:
  shop: {says: Shop, role: controller, country: IE}
apps:
  shop: {recipient: shop, purposes: [orders]}
purposes:
  orders:
    says: Deliver
    purpose: "dpv:FulfilmentOfContractualObligation"
    basis: contract
    fields: {first_name: show, email: show, country: show, genres: show}
    keep: P1Y
)";

class Trail final : public RowSink {
 public:
  Result<void> on_row(PersonRow row) override {
    note(row.line, "row " + std::to_string(row.fields.size()));
    return ok();
  }
  void on_error(RowError error) override { note(error.line, error.field + error.message); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void note(std::size_t line, const std::string& what) {
    if (line < last_ || line == 0) {
      std::abort();
    }
    last_ = line;
    text_ += std::to_string(line) + ' ' + what + '\n';
  }
  std::size_t last_ = 0;
  std::string text_;
};

using Make = std::unique_ptr<RowSource> (*)(const policy::PolicySet&, const Mapping*,
                                            ImportDefaults, RowSink&);

std::string trail(const policy::PolicySet& policy, Make make, std::string_view text,
                  std::size_t cut) {
  Trail sink;
  const auto source = make(policy, nullptr, {}, sink);
  const std::string first(text.substr(0, cut));
  const std::string second(text.substr(cut));
  if (source->feed(first).has_value() && source->feed(second).has_value()) {
    static_cast<void>(source->finish());
  }
  return sink.text();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const policy::PolicySnapshot policy =
      policy::load_policy({{"fuzz.yaml", std::string(kPolicy)}}).policy;
  if (policy == nullptr) {
    std::abort();
  }
  if (size == 0) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t cut = bytes.empty() ? 0 : data[0] % (bytes.size() + 1);
  for (const std::string_view header : {"", "account_id,email,first_name,country,genres\n"}) {
    const std::string text = std::string(header) + std::string(bytes);
    for (const Make make : {&make_csv_source, &make_ndjson_source}) {
      if (trail(*policy, make, text, text.size()) !=
          trail(*policy, make, text, header.size() + cut)) {
        std::abort();
      }
    }
  }
  return 0;
}
