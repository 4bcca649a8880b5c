#include <fieldgate/crypto/audit_key.h>

#include "crypto/aead/envelope.h"
#include "crypto/aead/padding.h"

#include <string>

namespace fieldgate::crypto {

namespace {

constexpr std::size_t kMaxRecordIdBytes = 255;

Result<envelope::Binding> bind(const RecordContext& context) {
  if (context.record_id.empty() || context.record_id.size() > kMaxRecordIdBytes) {
    return make_error(ErrorCode::kInvalid, "a record's id has 1 to 255 bytes");
  }
  envelope::Binding binding(envelope::Content::kRecordPart);
  binding.append(context.tenant.bytes);
  binding.append(context.subject.bytes);
  binding.append_sized(as_bytes(context.record_id));
  return binding;
}

}  // namespace

Result<Bytes> seal_record_part(const SubjectKey& key, const RecordContext& context,
                               ByteView content, Random& random) {
  if (content.size() > kMaxRecordPartBytes) {
    return make_error(ErrorCode::kTooLarge, "the sealed part of a record has at most " +
                                                std::to_string(kMaxRecordPartBytes) + " bytes");
  }
  FIELDGATE_TRY(envelope::Binding binding, bind(context));
  const SecretBytes padded = padding::pad(content);
  return envelope::seal(envelope::preferred_suite(), key.key.reveal(), key.version, binding,
                        padded.reveal(), random);
}

Result<SecretBytes> open_record_part(const SubjectKey& key, const RecordContext& context,
                                     ByteView sealed) {
  const auto damaged = [] {
    return make_error(ErrorCode::kCorrupt, "the sealed part of a record is not well-formed",
                      "sealed-value");
  };
  if (sealed.size() < envelope::kOverheadBytes ||
      sealed.size() > envelope::kOverheadBytes + padding::padded_size(kMaxRecordPartBytes)) {
    return damaged();
  }
  FIELDGATE_TRY(envelope::Binding binding, bind(context));
  SecretBytes content(sealed.size() - envelope::kOverheadBytes);
  FIELDGATE_CHECK_OK(
      envelope::open(content.reveal_mutable(), key.key.reveal(), key.version, binding, sealed));
  const auto size = padding::unpadded_size(content.reveal());
  if (!size) {
    return damaged();
  }
  content.truncate(*size);
  return content;
}

}  // namespace fieldgate::crypto
