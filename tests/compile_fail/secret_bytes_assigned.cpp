// As copied, by assignment.
#include <fieldgate/base/secret_bytes.h>

#include <utility>

void replace(fieldgate::SecretBytes& old, fieldgate::SecretBytes& fresh) {
#ifdef FIELDGATE_BREAK_THE_RULE
  old = fresh;
#else
  old = std::move(fresh);
#endif
}
