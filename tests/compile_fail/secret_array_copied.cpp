// As SecretBytes.
#include <fieldgate/base/secret_bytes.h>

#include <utility>

void keep(fieldgate::SecretArray<32>& key) {
#ifdef FIELDGATE_BREAK_THE_RULE
  const fieldgate::SecretArray<32> mine(key);
#else
  const fieldgate::SecretArray<32> mine(std::move(key));
#endif
}
