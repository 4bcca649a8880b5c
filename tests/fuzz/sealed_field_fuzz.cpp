// Opens whatever bytes come as a sealed field; also seals the input and damages the result.
#include <fieldgate/base/permit.h>
#include <fieldgate/crypto/sealed_field.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace fieldgate::policy {

// The fuzz target does not link the policy engine, so it may stand in for it.
class Engine {
 public:
  static Permit permit(const SubjectId& subject) {
    FieldSet fields;
    fields.set(0);
    return Permit(subject, fields);
  }
};

}  // namespace fieldgate::policy

namespace {

using namespace fieldgate;
using namespace fieldgate::crypto;

class CountingRandom final : public Random {
 public:
  void fill(std::span<Byte> out) override {
    for (Byte& byte : out) {
      byte = next_++;
    }
  }

 private:
  Byte next_ = 0;
};

void expect(bool held) {
  if (!held) {
    std::abort();
  }
}

void damage_and_open(const Permit& permit, const SubjectKey& key, const FieldContext& context,
                     ByteView value, ByteView choice) {
  CountingRandom random;
  auto sealed = seal_field(key, context, value, random);
  expect(sealed.has_value() == (value.size() <= kMaxFieldBytes));
  if (sealed.has_error()) {
    return;
  }
  const auto opened = open_field(permit, 0, key, context, *sealed);
  expect(opened.has_value() && opened->reveal_text() == as_text(value));
  const std::size_t at = load_be<4>(choice.data()) % sealed->size();
  (*sealed)[at] = static_cast<Byte>((*sealed)[at] ^ (choice[4] | 1));
  expect(open_field(permit, 0, key, context, *sealed).has_error());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  FieldContext context;
  context.field = "email";
  context.type = ValueType::kEmail;
  const Permit permit = policy::Engine::permit(context.subject);
  SubjectKey key;
  key.version = KeyVersion{1};
  expect(open_field(permit, 0, key, context, input).has_error());
  static_cast<void>(read_sealed_header(input));
  constexpr std::size_t kChoiceBytes = 5;
  if (size > kChoiceBytes) {
    damage_and_open(permit, key, context, input.subspan(kChoiceBytes), input.first(kChoiceBytes));
  }
  return 0;
}
