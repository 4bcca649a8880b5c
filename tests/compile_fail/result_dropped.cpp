// An error must be looked at.
#include <fieldgate/base/result.h>

fieldgate::Result<void> store();

bool stored() {
#ifdef FIELDGATE_BREAK_THE_RULE
  store();
  return true;
#else
  return store().has_value();
#endif
}
