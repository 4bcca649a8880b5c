// Nothing of an imported person stands anywhere in clear: not on disk, not in what is said.
#include "tests/integration/support/shop_test.h"

namespace fieldgate::test {
namespace {

// Values that occur nowhere else, each in the form in which it is given and in its one form.
const std::vector<std::string> kMarkers = {
    "Xanthippe.Quillfeather@Markers.Example",
    "xanthippe.quillfeather@markers.example",
    "quillfeather",
    "+44 20 7946 0955",
    "+442079460955",
    "2079460955",
    "Zephyrinagh",
    "Nowhereville-on-Marker",
    "MK-0815-MARKER",
    "QZ9 9ZQ",
    "1931-07-19",
    "markerology",
};

std::string lower(std::string text) {
  for (char& c : text) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return text;
}

// `text` is in lower case.
bool holds(const std::string& text, const std::string& marker) {
  return text.find(lower(marker)) != std::string::npos;
}

std::size_t expect_nowhere(const std::string& said, const std::string& where) {
  const std::string text = lower(said);
  for (const std::string& marker : kMarkers) {
    EXPECT_FALSE(holds(text, marker)) << marker << " stands in clear in " << where;
  }
  return text.size();
}

std::size_t expect_not_on_disk(const Bookshop& shop) {
  std::size_t bytes = 0;
  std::size_t files = 0;
  for (const auto& file : files_below(shop.data())) {
    bytes += expect_nowhere(read_file(file), file.string());
    ++files;
  }
  EXPECT_GE(files, 6U);
  return bytes;
}

TEST(Privacy, TheSearchItselfFindsWhatIsInClear) {
  EXPECT_TRUE(holds("a" + std::string(1, '\0') + "zephyrinagh", "Zephyrinagh"));
  EXPECT_FALSE(holds("zephyrinag", "Zephyrinagh"));
}

TEST(Privacy, NothingOfAPersonIsInClearOnDiskOrInWhatIsSaid) {
  Bookshop shop;
  ASSERT_TRUE(shop.start_demo());
  const std::string row =
      R"({"email":"Xanthippe.Quillfeather@Markers.Example","phone":"+44 20 7946 0955",)"
      R"("account_id":"MK-0815-MARKER","first_name":"Zephyrinagh","last_name":"Quillfeather",)"
      R"("city":"Nowhereville-on-Marker","postcode":"QZ9 9ZQ","country":"GB",)"
      R"("birth_date":"1931-07-19","favourite_genres":["markerology"]})";
  Api ingest(shop, "ingest");
  ASSERT_EQ(ingest.post("/v1/profiles/import", row + "\n").status, 200);
  // The same once more in a file, with rows that are refused and reported.
  const std::filesystem::path file = shop.home() / "people.jsonl";
  write_file(file, row + "\n" +
                       R"({"email":"xanthippe.quillfeather@markers.example","country":)"
                       R"("Nowhereville-on-Marker"})"
                       "\n" +
                       R"({"Zephyrinagh@x":"Quillfeather","phone":"+44 20 7946 0955 x"})" + "\n" +
                       R"({"email":"Zephyrinagh Quillfeather","account_id":"MK-0815-MARKER"})" +
                       "\n{Quillfeather\n");
  const Finished imported = shop.cli({"profiles", "import", file.string()});
  EXPECT_EQ(imported.code, 1);
  expect_nowhere(imported.out + imported.err, "the import's report");
  std::filesystem::remove(file);

  Api web(shop, "web-shop");
  Api desk(shop, "support-desk");
  const std::vector<std::string> names = {email("xanthippe.quillfeather@markers.example"),
                                          phone("+44 20 7946 0955"), account("MK-0815-MARKER")};
  for (const std::string& who : names) {
    EXPECT_EQ(desk.read(read_of(who, "order-fulfilment")).status, 200);
    EXPECT_EQ(web.read(read_of(who, "personalisation")).status, 403);
    EXPECT_EQ(web.post("/v1/consents", consent_of(who, {"newsletter"})).status, 201);
    EXPECT_EQ(web.post("/v1/objections", right_of(who, "newsletter", "raised")).status, 201);
  }
  // Mistakes of a developer hold values where names belong; no answer repeats them.
  for (const std::string& body :
       {read_of(names[0], "Quillfeather"), read_of(names[0], "personalisation", {"Quillfeather"}),
        read_of(names[0], "personalisation", {}, R"({"Zephyrinagh":"x"})"),
        R"({"Quillfeather":1,)" + read_of(names[0], "personalisation").substr(1),
        read_of(R"("identifier":{"type":"Quillfeather","value":"x"})", "personalisation"),
        read_of(email("Zephyrinagh Quillfeather"), "personalisation"),
        read_of(pseudonym("Zephyrinagh"), "personalisation"),
        consent_of(names[0], {"newsletter", "Quillfeather"}),
        std::string(R"({"Quillfeather":"Zephyrinagh","Quillfeather":)")}) {
    const ApiAnswer answer = web.read(body);
    EXPECT_GE(answer.status, 400) << body;
    expect_nowhere(answer.text, "the answer to a mistake: " + body);
  }
  EXPECT_EQ(ingest
                .patch(R"({"identifiers":[{"type":"email","value":"Quillfeather"}],)"
                       R"("fields":{"Zephyrinagh":{"value":"x"}}})")
                .status,
            400);
  // In a URL it may stand only at the Segment-shaped door, which is not logged.
  Api plain(shop.port(), "");
  plain.ask("GET",
            "/v1/spaces/x/collections/users/profiles/email:xanthippe.quillfeather@markers.example/"
            "traits",
            {}, {});
  expect_not_on_disk(shop);
  EXPECT_EQ(shop.cli({"profiles", "inspect", "email:xanthippe.quillfeather@markers.example"}).code,
            0);
  EXPECT_EQ(shop.stop(), 0);
  const std::size_t bytes = expect_not_on_disk(shop);
  expect_nowhere(shop.said(), "stdout and stderr");
  // The keys stand in demo.env alone, which is the demo's; the passphrase nowhere in the data.
  for (const auto& each : files_below(shop.data())) {
    const std::string content = read_file(each);
    EXPECT_EQ(content.find(shop.key("web-shop").substr(13)), std::string::npos) << each;
    EXPECT_EQ(content.find(read_file(shop.home() / "root.passphrase").substr(0, 43)),
              std::string::npos)
        << each;
  }
  EXPECT_EQ(shop.said().find(shop.key("web-shop").substr(13)), std::string::npos);
  std::printf("privacy: %zu markers looked for in %zu bytes\n", kMarkers.size(), bytes);
}

}  // namespace
}  // namespace fieldgate::test
