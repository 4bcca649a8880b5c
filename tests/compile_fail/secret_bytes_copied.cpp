// A secret has one owner; a second copy would outlive its wiping.
#include <fieldgate/base/secret_bytes.h>

fieldgate::SecretBytes hand_over(fieldgate::SecretBytes secret) {
#ifdef FIELDGATE_BREAK_THE_RULE
  fieldgate::SecretBytes copy = secret;
  return copy;
#else
  return secret;
#endif
}
