#include <fieldgate/base/result.h>

#include <stdexcept>

namespace fieldgate {

void throw_exception_from_error(const Error& error, const boost::source_location& /*where*/) {
  throw std::logic_error("the value of a failed result was read: " + error.message);
}

}  // namespace fieldgate
