// Only the policy engine says what may be opened.
#include <fieldgate/base/permit.h>

bool may_open(const fieldgate::SubjectId& subject, const fieldgate::Permit& permit) {
#ifdef FIELDGATE_BREAK_THE_RULE
  const fieldgate::Permit mine(subject, permit.fields());
  return mine.allows(subject, 0);
#else
  return permit.allows(subject, 0);
#endif
}
