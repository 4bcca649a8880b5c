// A secret must not reach a log by accident.
#include <fieldgate/base/secret_bytes.h>

#include <iostream>

void report(const fieldgate::SecretBytes& secret) {
#ifdef FIELDGATE_BREAK_THE_RULE
  std::cout << secret;
#else
  std::cout << secret.size();
#endif
}
