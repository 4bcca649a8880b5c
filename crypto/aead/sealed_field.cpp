#include <fieldgate/crypto/sealed_field.h>

#include "crypto/aead/envelope.h"
#include "crypto/aead/padding.h"

#include <algorithm>

namespace fieldgate::crypto {

namespace padding {

SecretBytes pad(ByteView value) {
  constexpr Byte kMark = 0x80;
  SecretBytes padded(padded_size(value.size()));
  std::copy(value.begin(), value.end(), padded.reveal_mutable().begin());
  padded.reveal_mutable()[value.size()] = kMark;
  return padded;
}

std::optional<std::size_t> unpadded_size(ByteView padded) {
  std::size_t at = padded.size();
  while (at > 0 && padded[at - 1] == 0) {
    --at;
  }
  if (at == 0 || padded[at - 1] != 0x80 || padded_size(at - 1) != padded.size()) {
    return std::nullopt;
  }
  return at - 1;
}

}  // namespace padding

namespace {

constexpr std::size_t kMaxFieldNameBytes = 255;

envelope::Binding bind(const FieldContext& context) {
  envelope::Binding binding(envelope::Content::kField);
  binding.append(context.tenant.bytes);
  binding.append(context.subject.bytes);
  binding.append_number<4>(context.schema);
  binding.append_number<1>(static_cast<Byte>(context.type));
  binding.append_number<8>(context.value_version);
  binding.append_sized(as_bytes(context.field));
  return binding;
}

Result<void> check_name(const FieldContext& context) {
  if (context.field.empty() || context.field.size() > kMaxFieldNameBytes) {
    return make_error(ErrorCode::kInvalid, "a field name has 1 to 255 bytes");
  }
  return ok();
}

Result<SecretBytes> open_padded(const SubjectKey& key, const FieldContext& context,
                                ByteView sealed) {
  FIELDGATE_CHECK_OK(check_name(context));
  if (sealed.size() < envelope::kOverheadBytes ||
      sealed.size() > envelope::kOverheadBytes + padding::padded_size(kMaxFieldBytes)) {
    return make_error(ErrorCode::kCorrupt, "a sealed value has a size that no value can have",
                      "sealed-value");
  }
  SecretBytes value(sealed.size() - envelope::kOverheadBytes);
  envelope::Binding binding = bind(context);
  FIELDGATE_CHECK_OK(
      envelope::open(value.reveal_mutable(), key.key.reveal(), key.version, binding, sealed));
  const auto size = padding::unpadded_size(value.reveal());
  if (!size) {
    return make_error(ErrorCode::kCorrupt, "a sealed value is not padded as the format asks",
                      "sealed-value");
  }
  value.truncate(*size);
  return value;
}

}  // namespace

Result<Bytes> seal_field(const SubjectKey& key, const FieldContext& context, ByteView plaintext,
                         Random& random) {
  FIELDGATE_CHECK_OK(check_name(context));
  if (key.version.value == 0) {
    return make_error(ErrorCode::kInvalid, "a value cannot be sealed under no key");
  }
  if (plaintext.size() > kMaxFieldBytes) {
    return make_error(ErrorCode::kTooLarge,
                      "a field value has at most " + std::to_string(kMaxFieldBytes) + " bytes");
  }
  const SecretBytes padded = padding::pad(plaintext);
  envelope::Binding binding = bind(context);
  return envelope::seal(envelope::preferred_suite(), key.key.reveal(), key.version, binding,
                        padded.reveal(), random);
}

Result<SecretBytes> open_field(const Permit& permit, FieldIndex field, const SubjectKey& key,
                               const FieldContext& context, ByteView sealed) {
  if (!permit.allows(context.subject, field)) {
    return make_error(ErrorCode::kForbidden, "the permit does not name this field of this person");
  }
  if (context.type == ValueType::kDecisionFacts) {
    return make_error(ErrorCode::kForbidden, "decision facts are opened only to decide");
  }
  return open_padded(key, context, sealed);
}

Result<SecretBytes> open_decision_facts(const SubjectKey& key, const FieldContext& context,
                                        ByteView sealed) {
  if (context.type != ValueType::kDecisionFacts) {
    return make_error(ErrorCode::kForbidden, "only decision facts are opened without a permit");
  }
  return open_padded(key, context, sealed);
}

}  // namespace fieldgate::crypto
