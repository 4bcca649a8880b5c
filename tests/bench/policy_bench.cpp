// How long one decision takes: 256 fields, 64 purposes. Prints the median and the 99th percentile.
#include <fieldgate/policy/engine.h>
#include <fieldgate/policy/load.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace fieldgate;
using namespace fieldgate::policy;

constexpr int kFields = 256;
constexpr int kPurposes = 64;
constexpr int kBatch = 64;  // one reading of the clock costs as much as a decision
constexpr int kSamples = 20'000;

std::string make_policy() {
  std::string text = "policy: bench\nfields:\n  born: {type: date}\n";
  for (int i = 1; i < kFields; ++i) {
    text += "  f" + std::to_string(i) + ": {type: text}\n";
  }
  text += "recipients: {r: {role: controller}}\napps:\n  a: {recipient: r, purposes: [";
  for (int i = 0; i < kPurposes; ++i) {
    text += "p" + std::to_string(i) + ", ";
  }
  text.resize(text.size() - 2);
  text += "]}\nmoments:\n  day: {hours: \"07:00-22:00 Europe/Dublin\"}\npurposes:\n";
  std::string texts = "consent_texts:\n";
  for (int i = 0; i < kPurposes; ++i) {
    const std::string n = std::to_string(i);
    text += "  p" + n + ":\n    basis: consent\n    consent: {text: t" + n +
            ", refresh_after: P24M}\n    only_when: [day]\n    keep: P6Y\n    fields: {";
    for (int f = 1; f < kFields; ++f) {
      text += "f" + std::to_string(f) + ": show, ";
    }
    text += "born: {generalise: year}}\n";
    texts += "  t" + n + ": {v1: {from: 2026-01-01, files: {en: t.md}}}\n";
  }
  return text + texts + "minors: {age_from: born}\n";
}

void measure(const char* name, const Engine& engine, const Question& question,
             const PersonFacts& person) {
  std::vector<double> samples;
  samples.reserve(kSamples);
  std::size_t released = 0;
  for (int i = 0; i < kSamples; ++i) {
    const auto start = std::chrono::steady_clock::now();
    for (int j = 0; j < kBatch; ++j) {
      released += engine.decide(question, person).released.test(1) ? 1U : 0U;
    }
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    samples.push_back(spent.count() / kBatch);
  }
  std::sort(samples.begin(), samples.end());
  std::cout << name << ": p50 " << samples[samples.size() / 2] << " ns, p99 "
            << samples[samples.size() * 99 / 100] << " ns, released in " << released / kBatch
            << " of " << kSamples << " samples\n";
}

}  // namespace

int main() {
  const std::string text = make_policy();
  const auto start = std::chrono::steady_clock::now();
  const LoadResult loaded = load_policy({{"bench.yaml", text}});
  const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
  if (loaded.policy == nullptr) {
    for (const Diagnostic& finding : loaded.findings) {
      std::cerr << format_diagnostic(finding) << '\n';
    }
    return 1;
  }
  std::cout << "load of " << kPurposes << " purposes x " << kFields << " fields: " << spent.count()
            << " ms\n";
  Question question;
  question.app = 0;
  question.purpose = kPurposes - 1;
  question.now = *parse_rfc3339("2026-11-02T12:00:00Z");
  std::vector<ConsentFact> consents;
  for (int i = 0; i < 8; ++i) {
    consents.push_back({static_cast<PurposeIndex>(kPurposes - 8 + i), ConsentStatus::kGiven, 0, 0,
                        *parse_rfc3339("2026-10-01T12:00:00Z"), false});
  }
  std::vector<UtcTime> collected;
  PersonFacts person;
  person.age = 40;
  person.country = parse_country("IE");
  for (int i = 0; i < kFields; ++i) {
    person.held.set(static_cast<FieldIndex>(i));
    collected.push_back(question.now - std::chrono::hours{24 * (i % 30 + 1)});
  }
  person.consents = consents;
  person.collected_at = collected;
  const Engine engine(loaded.policy);
  question.all_fields = true;
  measure("all 256 fields", engine, question, person);
  question.all_fields = false;
  for (FieldIndex field = 1; field <= 6; ++field) {
    question.asked.set(field);
  }
  measure("6 of 256 fields", engine, question, person);
  return 0;
}
