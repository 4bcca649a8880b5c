// There is no way to a field's value that does not take a permit.
#include <fieldgate/crypto/sealed_field.h>

bool opens(const fieldgate::Permit& permit, const fieldgate::crypto::SubjectKey& key,
           const fieldgate::crypto::FieldContext& context, fieldgate::ByteView sealed) {
#ifdef FIELDGATE_BREAK_THE_RULE
  static_cast<void>(permit);
  return fieldgate::crypto::open_field(0, key, context, sealed).has_value();
#else
  return fieldgate::crypto::open_field(permit, 0, key, context, sealed).has_value();
#endif
}
