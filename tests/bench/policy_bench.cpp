// How long a load takes, and one decision over 256 fields and 64 purposes.
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
constexpr int kLoads = 7;

std::string make_policy(int purposes, int fields) {
  std::string text = "policy: bench\nfields:\n  born: {type: date}\n";
  for (int i = 1; i < fields; ++i) {
    text += "  f" + std::to_string(i) + ": {type: text}\n";
  }
  text += "recipients: {r: {role: controller}}\napps:\n  a: {recipient: r, purposes: [";
  for (int i = 0; i < purposes; ++i) {
    text += "p" + std::to_string(i) + ", ";
  }
  text.resize(text.size() - 2);
  text += "]}\nmoments:\n  day: {hours: \"07:00-22:00 Europe/Dublin\"}\npurposes:\n";
  std::string texts = "consent_texts:\n";
  for (int i = 0; i < purposes; ++i) {
    const std::string n = std::to_string(i);
    text += "  p" + n + ":\n    basis: consent\n    consent: {text: t" + n +
            ", refresh_after: P24M}\n    only_when: [day]\n    keep: P6Y\n    fields: {";
    for (int f = 1; f < fields; ++f) {
      text += "f" + std::to_string(f) + ": show, ";
    }
    text += "born: {generalise: year}}\n";
    texts += "  t" + n + ": {v1: {from: 2026-01-01, files: {en: t.md}}}\n";
  }
  return text + texts + "minors: {age_from: born}\n";
}

// Prints how long some loads took; null in `policy` when it cannot be loaded.
void measure_load(int purposes, int fields, PolicySnapshot& policy) {
  const std::string text = make_policy(purposes, fields);
  const std::vector<PolicyFile> files{{"bench.yaml", text}};
  std::vector<double> samples;
  for (int i = 0; i < kLoads; ++i) {
    const auto start = std::chrono::steady_clock::now();
    LoadResult loaded = load_policy(files);
    const std::chrono::duration<double, std::milli> spent =
        std::chrono::steady_clock::now() - start;
    samples.push_back(spent.count());
    for (const Diagnostic& finding : loaded.findings) {
      std::cerr << format_diagnostic(finding) << '\n';
    }
    policy = std::move(loaded.policy);
  }
  std::sort(samples.begin(), samples.end());
  std::cout << "load of " << purposes << " purposes x " << fields << " fields ("
            << text.size() / 1024 << " KiB): median " << samples[samples.size() / 2]
            << " ms, slowest " << samples.back() << " ms of " << kLoads << '\n';
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
  PolicySnapshot policy;
  measure_load(1000, 500, policy);
  if (policy == nullptr) {
    return 1;
  }
  measure_load(kPurposes, kFields, policy);
  if (policy == nullptr) {
    return 1;
  }
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
  const Engine engine(policy);
  question.all_fields = true;
  measure("all 256 fields", engine, question, person);
  question.all_fields = false;
  for (FieldIndex field = 1; field <= 6; ++field) {
    question.asked.set(field);
  }
  measure("6 of 256 fields", engine, question, person);
  return 0;
}
