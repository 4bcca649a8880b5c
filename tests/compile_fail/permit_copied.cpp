// A permit stands for one decision and cannot be kept for the next.
#include <fieldgate/base/permit.h>

#include <utility>

fieldgate::Permit pass_on(fieldgate::Permit& permit) {
#ifdef FIELDGATE_BREAK_THE_RULE
  return permit;
#else
  return std::move(permit);
#endif
}
