// People as they are written: by PATCH, by NDJSON, from files.
#include "tests/integration/support/shop_test.h"
#include "tests/integration/support/stored_log.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cstdio>

namespace fieldgate::test {
namespace {

class Writes : public ShopTest {
 protected:
  static std::string upsert(const std::string& identifiers, const std::string& fields) {
    return R"({"identifiers":[)" + identifiers + R"(],"fields":{)" + fields + "}}";
  }
  static std::string id(const std::string& type, const std::string& value) {
    return R"({"type":")" + type + R"(","value":")" + value + "\"}";
  }
  static std::string field(const std::string& name, const std::string& value,
                           const std::string& collected_at = {}) {
    return '"' + name + R"(":{"value":")" + value + '"' +
           (collected_at.empty() ? std::string() : R"(,"collected_at":")" + collected_at + '"') +
           '}';
  }
  static std::string subject_of(const ApiAnswer& answer) {
    return answer.status == 200 ? std::string(answer.word("subject"))
                                : "status " + std::to_string(answer.status) + answer.text;
  }
};

TEST_F(Writes, APatchCreatesThenUpdatesTheSamePerson) {
  Api ingest(*shop_, "ingest");
  Api desk(*shop_, "support-desk");
  const ApiAnswer created =
      ingest.patch(upsert(id("email", "Edith@Writes.example"), field("first_name", "Edith")));
  ASSERT_EQ(created.status, 200) << created.text;
  EXPECT_TRUE(created.object().at("created").as_bool());
  EXPECT_EQ(subject_of(created).substr(0, 5), "psn1_");
  EXPECT_EQ(created.object().size(), 3U) << created.text;
  const ApiAnswer updated =
      ingest.patch(upsert(id("email", "edith@writes.example"), field("first_name", "Edyth")));
  ASSERT_EQ(updated.status, 200) << updated.text;
  EXPECT_FALSE(updated.object().at("created").as_bool());
  EXPECT_EQ(subject_of(updated), subject_of(created));
  const ApiAnswer read =
      desk.read(read_of(email("EDITH@writes.EXAMPLE"), "order-fulfilment", {"first_name"}));
  EXPECT_EQ(read.field("first_name"), R"("Edyth")") << read.text;
  expect_proven(shop_->log(), ingest.receipts());
  const json::object record =
      json::parse(stored_records(shop_->log()).at(created.receipt().index)).as_object();
  EXPECT_EQ(record.at("type").as_string(), "write");
  EXPECT_EQ(json::serialize(record.at("fields")), R"({"first_name":"written"})");
}

TEST_F(Writes, AValueIsReplacedUnlessTheStoredOneIsNewer) {
  Api ingest(*shop_, "ingest");
  Api desk(*shop_, "support-desk");
  const std::string who = id("email", "order@writes.example");
  const auto city = [&] {
    return desk.read(read_of(email("order@writes.example"), "order-fulfilment", {"city"}))
        .field("city");
  };
  ASSERT_EQ(ingest.patch(upsert(who, field("city", "Derby", "2026-05-01"))).status, 200);
  ASSERT_EQ(ingest.patch(upsert(who, field("city", "Leeds", "2026-04-30"))).status, 200);
  EXPECT_EQ(city(), R"("Derby")");
  ASSERT_EQ(ingest.patch(upsert(who, field("city", "Bath", "2026-05-01T00:00:01Z"))).status, 200);
  EXPECT_EQ(city(), R"("Bath")");
}

TEST_F(Writes, ANewEmailKeepsThePersonAndTheirPseudonyms) {
  Api ingest(*shop_, "ingest");
  Api desk(*shop_, "support-desk");
  const std::string known = id("account_id", "W-1");
  ASSERT_EQ(
      ingest
          .patch(upsert(known + ',' + id("email", "old@writes.example"), field("first_name", "Mo")))
          .status,
      200);
  const ApiAnswer before = desk.read(read_of(email("old@writes.example"), "order-fulfilment"));
  ASSERT_EQ(before.status, 200) << before.text;
  ASSERT_EQ(ingest.patch(upsert(known, field("email", "new@writes.example"))).status, 200);
  for (const std::string& name : {email("new@writes.example"), email("old@writes.example"),
                                  account("W-1"), pseudonym(before.word("subject"))}) {
    const ApiAnswer after = desk.read(read_of(name, "order-fulfilment"));
    ASSERT_EQ(after.status, 200) << name << after.text;
    EXPECT_EQ(after.object().at("subject"), before.object().at("subject")) << name;
    EXPECT_EQ(after.field("email"), R"("new@writes.example")") << name;
  }
}

TEST_F(Writes, IdentifiersOfTwoPeopleAreAConflictThatWritesNothing) {
  Api ingest(*shop_, "ingest");
  Api desk(*shop_, "support-desk");
  ASSERT_EQ(
      ingest.patch(upsert(id("email", "one@writes.example"), field("first_name", "One"))).status,
      200);
  ASSERT_EQ(
      ingest.patch(upsert(id("email", "two@writes.example"), field("first_name", "Two"))).status,
      200);
  const ApiAnswer conflict = ingest.patch(upsert(id("email", "one@writes.example") + ',' +
                                                     id("email", "two@writes.example") + ',' +
                                                     id("account_id", "W-CONFLICT"),
                                                 field("first_name", "Both")));
  EXPECT_EQ(conflict.status, 409) << conflict.text;
  EXPECT_EQ(conflict.problem(), "conflict");
  EXPECT_FALSE(conflict.recorded());
  // The value of a direct identifier field counts as well.
  EXPECT_EQ(
      ingest.patch(upsert(id("email", "one@writes.example"), field("email", "two@writes.example")))
          .status,
      409);
  for (const auto& [name, value] :
       {std::pair("one@writes.example", R"("One")"), {"two@writes.example", R"("Two")"}}) {
    EXPECT_EQ(desk.read(read_of(email(name), "order-fulfilment")).field("first_name"), value);
  }
  EXPECT_EQ(desk.read(read_of(account("W-CONFLICT"), "order-fulfilment")).status, 404);
  expect_proven(shop_->log(), ingest.receipts(), ingest.unrecorded());
}

TEST_F(Writes, APhoneNumberAloneNeverMergesTwoPeople) {
  Api ingest(*shop_, "ingest");
  Api desk(*shop_, "support-desk");
  const std::string number = id("phone", "+44 20 7946 0777");
  const ApiAnswer first = ingest.patch(
      upsert(id("email", "mum@writes.example") + ',' + number, field("first_name", "Mum")));
  const ApiAnswer alone = ingest.patch(upsert(number, field("first_name", "Who")));
  EXPECT_EQ(alone.status, 409) << alone.text;
  const ApiAnswer second = ingest.patch(
      upsert(id("email", "son@writes.example") + ',' + number, field("first_name", "Son")));
  ASSERT_EQ(first.status, 200) << first.text;
  ASSERT_EQ(second.status, 200) << second.text;
  EXPECT_TRUE(second.object().at("created").as_bool());
  EXPECT_NE(subject_of(first), subject_of(second));
  EXPECT_EQ(desk.read(read_of(phone("+44 20 7946 0777"), "order-fulfilment")).status, 404)
      << "a number of two people names neither";
  EXPECT_EQ(desk.read(read_of(email("mum@writes.example"), "order-fulfilment")).field("first_name"),
            R"("Mum")");
  EXPECT_EQ(desk.read(read_of(email("son@writes.example"), "order-fulfilment")).field("first_name"),
            R"("Son")");
  const ApiAnswer fresh =
      ingest.patch(upsert(id("phone", "020 7946 0778"), field("country", "GB")));
  ASSERT_EQ(fresh.status, 200) << fresh.text;
  EXPECT_TRUE(fresh.object().at("created").as_bool());
  EXPECT_EQ(desk.read(read_of(phone("+442079460778"), "order-fulfilment")).status, 200);
  EXPECT_EQ(
      desk.read(read_of(phone("020 7946 0778"), "order-fulfilment", {}, R"({"country":"GB"})"))
          .status,
      200);
}

TEST_F(Writes, WhatIsNotWellFormedIsRefusedWhole) {
  Api ingest(*shop_, "ingest");
  const std::string who = id("email", "broken@writes.example");
  std::string seventeen = id("account_id", "W-0");
  for (int i = 1; i < 17; ++i) {
    seventeen += ',' + id("account_id", "W-X" + std::to_string(i));
  }
  for (const std::string& body :
       {std::string("{}"),
        std::string("[]"),
        upsert("", field("city", "Bath")),
        upsert(id("email", "not an address"), field("city", "Bath")),
        upsert(id("phone", "12"), field("city", "Bath")),
        upsert(id("fax", "12"), field("city", "Bath")),
        upsert(who, field("shoe_size", "7")),
        upsert(who, field("country", "Britain")),
        upsert(who, field("birth_date", "1980-02-30")),
        upsert(who, field("email", "nobody")),
        upsert(who, field("lifetime_value", "much")),
        upsert(who, field("phone", "000")),
        upsert(who, R"("favourite_genres":{"value":"crime"})"),
        upsert(who, R"("city":{"value":"Bath","colour":"red"})"),
        upsert(who, R"("city":"Bath")"),
        upsert(who, field("city", "Bath", time_from_now(400))),
        upsert(who, field("city", "Bath", "yesterday")),
        upsert(who, field("city", std::string(16 * 1024 + 1, 'x'))),
        upsert(id("account_id", std::string(129, 'x')), field("city", "Bath")),
        upsert(seventeen, field("city", "Bath"))}) {
    const ApiAnswer answer = ingest.patch(body);
    EXPECT_EQ(answer.status, 400) << body.substr(0, 200) << '\n' << answer.text;
    EXPECT_FALSE(answer.recorded());
  }
  Api desk(*shop_, "support-desk");
  EXPECT_EQ(desk.read(read_of(email("broken@writes.example"), "order-fulfilment")).status, 404);
  EXPECT_EQ(ingest.patch(upsert(who, field("city", std::string(16 * 1024, 'x')))).status, 200)
      << "the limit itself is allowed";
  EXPECT_EQ(
      ingest.patch(upsert(id("account_id", std::string(128, 'x')), field("city", "Bath"))).status,
      200);
  expect_proven(shop_->log(), ingest.receipts(), ingest.unrecorded());
}

TEST_F(Writes, OnlyTheIngestRoleWrites) {
  Api web(*shop_, "web-shop");
  const ApiAnswer patch =
      web.patch(upsert(id("email", "role@writes.example"), field("city", "Bath")));
  EXPECT_EQ(patch.status, 403);
  EXPECT_EQ(patch.problem(), "forbidden");
  EXPECT_EQ(web.post("/v1/profiles/import", R"({"email":"role@writes.example"})").status, 403);
  Api ingest(*shop_, "ingest");
  EXPECT_EQ(ingest.read(read_of(email("ada@example.com"), "personalisation")).code(),
            "purpose-not-granted");
}

TEST_F(Writes, AnImportNamesBadRowsByLineAndWritesTheOthers) {
  Api ingest(*shop_, "ingest");
  Api desk(*shop_, "support-desk");
  const std::string body =
      R"({"email":"l1@rows.example","first_name":"L1","country":"GB"})"
      "\n"
      R"({"email":"l2@rows.example","first_name":)"
      "\n"
      R"({"identifiers":[{"type":"email","value":"l3@rows.example"}],"fields":{"first_name":{"value":"L3"}}})"
      "\n"
      R"({"email":"l4@rows.example","shoe_size":"7"})"
      "\n"
      R"({"email":"l5@rows.example","phone":"12","country":"GB"})"
      "\n"
      R"({"first_name":"nobody"})"
      "\n"
      R"({"email":"l1@rows.example","city":"Bath"})"
      "\n"
      R"({"email":"l8@rows.example","birth_date":"1980-13-01"})"
      "\n"
      R"({"email":"ada@example.com","account_id":"BK-1002","city":"Nowhere"})"
      "\n"
      R"({"email":"l10@rows.example","first_name":"L10"})";
  const ApiAnswer answer = ingest.ask(
      "POST", "/v1/profiles/import",
      {"Authorization: Bearer " + shop_->key("ingest"), "Content-Type: application/x-ndjson"},
      body);
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(answer.object().at("imported"), 3);
  EXPECT_EQ(answer.object().at("updated"), 1);
  std::string lines;
  for (const json::value& bad : answer.object().at("rejected").as_array()) {
    lines += std::to_string(bad.at("line").to_number<int>()) + ' ';
    EXPECT_FALSE(bad.at("message").as_string().empty());
  }
  EXPECT_EQ(lines, "2 4 5 6 8 9 ") << answer.text;
  EXPECT_EQ(answer.text.find("@rows"), std::string::npos) << "a report repeats no value";
  for (const auto& [name, status] :
       std::vector<std::pair<const char*, int>>{{"l1@rows.example", 200},
                                                {"l2@rows.example", 404},
                                                {"l3@rows.example", 200},
                                                {"l4@rows.example", 404},
                                                {"l5@rows.example", 404},
                                                {"l8@rows.example", 404},
                                                {"l10@rows.example", 200}}) {
    EXPECT_EQ(desk.read(read_of(email(name), "order-fulfilment")).status, status) << name;
  }
  EXPECT_EQ(desk.read(read_of(email("l1@rows.example"), "order-fulfilment")).field("city"),
            R"("Bath")");
  EXPECT_EQ(desk.read(read_of(email("ada@example.com"), "order-fulfilment")).field("city"),
            R"("Leeds")");
  expect_proven(shop_->log(), ingest.receipts());
}

TEST_F(Writes, AStreamedImportInPiecesStoresEveryRowAndTwiceIsSafe) {
  constexpr int kRows = 1300;  // more than two transactions
  std::string rows;
  for (int i = 0; i < kRows; ++i) {
    rows += R"({"account_id":"S-)" + std::to_string(i) + R"(","first_name":"N)" +
            std::to_string(i) +
            R"(","country":"GB"})"
            "\n";
  }
  for (const bool again : {false, true}) {
    HttpClient client(shop_->port());
    ASSERT_TRUE(
        client.send("POST /v1/profiles/import HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                    "Authorization: Bearer " +
                    shop_->key("ingest") + "\r\n\r\n"));
    for (std::size_t at = 0; at < rows.size(); at += 7001) {
      const std::string piece = rows.substr(at, 7001);
      char size[16];
      std::snprintf(size, sizeof size, "%zx", piece.size());
      ASSERT_TRUE(client.send(std::string(size) + "\r\n" + piece + "\r\n"));
    }
    ASSERT_TRUE(client.send("0\r\n\r\n"));
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->status, 200) << answer->body;
    const json::value report = json::parse(answer->body);
    EXPECT_EQ(report.at("imported"), again ? 0 : kRows);
    EXPECT_EQ(report.at("updated"), again ? kRows : 0);
  }
  Api desk(*shop_, "support-desk");
  for (const int i : {0, 499, 500, 999, 1000, kRows - 1}) {
    EXPECT_EQ(desk.read(read_of(account("S-" + std::to_string(i)), "order-fulfilment"))
                  .field("first_name"),
              "\"N" + std::to_string(i) + '"');
  }
}

TEST_F(Writes, AnImportListsAThousandBadRowsAndCountsTheRest) {
  constexpr std::size_t kListed = 1000;
  Api ingest(*shop_, "ingest");
  // The rows that the store refuses stand in between: their identifiers belong to two people.
  const auto rows = [](std::size_t malformed) {
    std::string text;
    for (std::size_t i = 0; i < malformed / 2; ++i) {
      text += "{\n";
    }
    text += R"({"email":"ada@example.com","account_id":"BK-1002"})"
            "\n";
    for (std::size_t i = malformed / 2; i < malformed; ++i) {
      text += "{\n";
    }
    return text;
  };
  for (const std::size_t more : {0U, 1U, 500U}) {
    const ApiAnswer answer = ingest.post("/v1/profiles/import", rows(kListed - 1 + more));
    ASSERT_EQ(answer.status, 200) << answer.text.substr(0, 200);
    const json::array& listed = answer.object().at("rejected").as_array();
    ASSERT_EQ(listed.size(), kListed);
    for (std::size_t i = 0; i < kListed; ++i) {
      ASSERT_EQ(listed[i].at("line"), i + 1);
    }
    EXPECT_EQ(answer.object().at("problems_not_listed").at("rejected"), more);
    EXPECT_EQ(answer.object().at("problems_not_listed").at("dropped"), 0);
    const std::string record = stored_records(shop_->log()).at(answer.receipt().index);
    EXPECT_NE(record.find(std::to_string(kListed + more) + " rejected"), std::string::npos);
  }
  const std::filesystem::path file = shop_->home() / "bad.jsonl";
  write_file(file, rows(kListed + 1));
  const Finished words = shop_->cli({"profiles", "import", file.string()});
  EXPECT_EQ(words.code, 1);
  EXPECT_NE(words.out.find("not listed: 2 more rejected rows and 0 more values"),
            std::string::npos);
  EXPECT_NE(words.out.find("0 imported, 0 updated, 1002 rejected"), std::string::npos);
}

TEST_F(Writes, TheCommandLineImportsThroughTheRunningGateway) {
  const std::filesystem::path file = shop_->home() / "people.csv";
  write_file(file,
             "account_id,first_name,phone,country,email\n"
             "C-1,Änne,030 23125 077,DE,aenne@files.example\n"
             "C-2,Bo,not a phone,DE,bo@files.example\n"
             "C-3,too,few\n"
             "C-4,Dora,,DE,dora@files.example,more\n"
             "C-5,\"Quo\"\"ted, name\",,DE,q@files.example\n");
  const Finished imported = shop_->cli({"profiles", "import", file.string(), "--json"});
  EXPECT_EQ(imported.code, 1) << imported.out << imported.err;
  const json::value report = json::parse(imported.out);
  EXPECT_EQ(report.at("imported"), 2) << imported.out;
  std::string lines;
  for (const json::value& bad : report.at("rejected").as_array()) {
    lines += std::to_string(bad.at("line").to_number<int>()) + ' ';
  }
  EXPECT_EQ(lines, "3 4 5 ") << imported.out;
  const Finished words = shop_->cli({"profiles", "import", file.string()});
  EXPECT_EQ(words.code, 1);
  EXPECT_NE(words.out.find(":4: "), std::string::npos) << words.out;
  EXPECT_NE(words.out.find("0 imported, 2 updated, 3 rejected"), std::string::npos) << words.out;
  Api desk(*shop_, "support-desk");
  const ApiAnswer read = desk.read(read_of(phone("+49 30 23125077"), "order-fulfilment"));
  EXPECT_EQ(read.field("first_name"), "\"Änne\"") << read.text;
  EXPECT_EQ(read.field("phone"), "\"+493023125077\"");
  EXPECT_EQ(desk.read(read_of(account("C-5"), "order-fulfilment")).field("first_name"),
            R"("Quo\"ted, name")");
  for (const char* id : {"C-2", "C-3", "C-4"}) {
    EXPECT_EQ(desk.read(read_of(account(id), "order-fulfilment")).status, 404) << id;
  }
  const Finished inspected =
      shop_->cli({"profiles", "inspect", "email:aenne@files.example", "--json"});
  EXPECT_EQ(inspected.code, 0) << inspected.err;
  EXPECT_EQ(inspected.out.find("nne"), std::string::npos) << inspected.out;
  EXPECT_EQ(shop_->cli({"profiles", "inspect", "email:nobody@files.example"}).code, 1);
}

// A file that takes the gateway some seconds.
std::filesystem::path many_people(const std::filesystem::path& folder) {
  std::string rows;
  for (int i = 0; i < 150'000; ++i) {
    const std::string number = std::to_string(i);
    rows += R"({"account_id":"M-)" + number + R"(","first_name":"N)" + number + "\"}\n";
  }
  write_file(folder / "many.jsonl", rows);
  return folder / "many.jsonl";
}

TEST(LongImport, HoldsUpNeitherReadsNorWithdrawalsNorARevocation) {
  Bookshop shop;
  ASSERT_TRUE(shop.start_demo());
  const auto file = many_people(shop.home());
  const json::value made = json::parse(shop.cli({"keys", "app", "add", "web-shop", "--json"}).out);
  Api doomed(shop.port(), std::string(made.at("key").as_string()));
  Api web(shop, "web-shop");
  Api desk(shop, "support-desk");
  Process import({FIELDGATE_BINARY, "profiles", "import", file.string(), "--json"},
                 shop.environment());
  // It has begun once its first person can be read.
  while (desk.read(read_of(account("M-0"), "order-fulfilment")).status != 200) {
    ASSERT_FALSE(import.ended()) << import.out() << import.err();
  }
  const std::string who = email("ada@example.com");
  EXPECT_EQ(web.post("/v1/consents", consent_of(who, {"personalisation", "withdrawn"})).status,
            201);
  EXPECT_EQ(web.read(read_of(who, "personalisation")).code(), "consent-withdrawn");
  EXPECT_EQ(doomed.read(read_of(who, "newsletter")).status, 200);
  EXPECT_EQ(shop.cli({"keys", "app", "revoke", std::string(made.at("prefix").as_string())}).code,
            0);
  EXPECT_EQ(doomed.read(read_of(who, "newsletter")).status, 401);
  EXPECT_FALSE(import.ended()) << "it was over before anything could be shown";
  // A stop does not wait for its end, and what was stored stays.
  EXPECT_EQ(shop.stop(), 0);
  EXPECT_EQ(import.wait(), 2);
  EXPECT_NE(import.err().find("the gateway is stopping"), std::string::npos) << import.err();
  ASSERT_TRUE(shop.start_demo());
  Api again(shop, "support-desk");
  EXPECT_EQ(again.read(read_of(account("M-0"), "order-fulfilment")).status, 200);
  EXPECT_EQ(again.read(read_of(account("M-149999"), "order-fulfilment")).status, 404);
  EXPECT_EQ(shop.stop(), 0);
  shop.expect_log_verifies();
}

TEST(Chinook, EveryCustomerIsImportedAndReadable) {
  const std::string file = FIELDGATE_SHARED_DIR "/data/chinook/customers.csv";
  if (!std::filesystem::exists(file)) {
    GTEST_SKIP() << "skipped: no shared data";
  }
  Bookshop shop;
  ASSERT_TRUE(shop.start_demo());
  const Finished imported =
      shop.cli({"profiles", "import", file, "--mapping",
                FIELDGATE_SOURCE_DIR "/docs/examples/chinook/mapping.yaml", "--json"});
  const json::value report = json::parse(imported.out);
  EXPECT_EQ(report.at("imported"), 59) << imported.out << imported.err;
  Api desk(shop, "support-desk");
  const ApiAnswer luis = desk.read(read_of(email("luisg@embraer.com.br"), "order-fulfilment"));
  ASSERT_EQ(luis.status, 200) << luis.text;
  EXPECT_EQ(luis.field("first_name"), "\"Luís\"");
  EXPECT_EQ(luis.field("last_name"), "\"Gonçalves\"");
  EXPECT_EQ(luis.field("phone"), "\"+551239235555\"");
  EXPECT_EQ(luis.field("country"), "\"BR\"");
  EXPECT_EQ(luis.field("city"), "\"São José dos Campos\"");
  int read = 0;
  int phones = 0;
  for (int id = 1; id <= 59; ++id) {
    const ApiAnswer answer = desk.read(read_of(account(std::to_string(id)), "order-fulfilment"));
    EXPECT_EQ(answer.status, 200) << id << answer.text;
    read += answer.status == 200 ? 1 : 0;
    const std::string number = answer.field("phone");
    if (!number.empty()) {
      ++phones;
      EXPECT_EQ(number.substr(0, 2), "\"+") << number;
      EXPECT_EQ(number.find_first_not_of("0123456789", 2), number.size() - 1) << number;
    }
  }
  std::printf("chinook: %d read, %d with a phone number\n", read, phones);
  EXPECT_GE(phones, 50);
  EXPECT_EQ(shop.stop(), 0);
  shop.expect_log_verifies();
  expect_proven(shop.log(), desk.receipts());
}

}  // namespace
}  // namespace fieldgate::test
