// A tenant is not a subject, though both have 16 bytes.
#include <fieldgate/base/ids.h>

fieldgate::SubjectId subject_of(const fieldgate::SubjectId& subject,
                                const fieldgate::TenantId& tenant) {
#ifdef FIELDGATE_BREAK_THE_RULE
  return tenant;
#else
  static_cast<void>(tenant);
  return subject;
#endif
}
