// As SecretBytes.
#include <fieldgate/base/secret_bytes.h>

#include <iostream>

void report(const fieldgate::SecretArray<32>& key) {
#ifdef FIELDGATE_BREAK_THE_RULE
  std::cout << key;
#else
  std::cout << key.reveal().size();
#endif
}
