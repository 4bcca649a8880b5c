// Errors as values on the request path (ADR 0002).
#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fieldgate {

/// What kind of failure an `Error` is. Closed: every kind maps to one HTTP status
/// (gateway/http/problem.h) and one exit code of the command line.
enum class ErrorCode : std::uint8_t {
  kInvalid,          ///< the caller sent something malformed (400)
  kUnauthenticated,  ///< no credential, or one that is not valid (401)
  kForbidden,        ///< authenticated, and not allowed (403)
  kNotFound,         ///< no such thing for this caller (404)
  kConflict,         ///< the state forbids it, e.g. the directory is locked (409)
  kTooLarge,         ///< a documented limit was passed (413)
  kTimedOut,         ///< the caller was too slow (408)
  kUnavailable,      ///< a needed part is down, full or busy; try later (503)
  kCorrupt,          ///< stored data fails its integrity check (503; start is refused)
  kInternal,         ///< a broken invariant of ours (500 at the edge, never allows)
};

/// Why an operation failed: a kind, and a sentence for operators.
///
/// `message` is lower case, has no final period, quotes user input in backticks and never holds
/// personal data or key material. `detail_code` is a stable word for machines (may be empty).
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::string detail_code;
};

[[noreturn]] void throw_exception_from_error(const Error& error,
                                             const boost::source_location& where);

/// A value or an `Error`; must be looked at. Reading the value of a failed result is a programmer
/// mistake and throws.
template <class T>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
 public:
  using Base = boost::system::result<T, Error>;
  using Base::Base;
};

template <>
class [[nodiscard]] Result<void> : public boost::system::result<void, Error> {
 public:
  using Base = boost::system::result<void, Error>;
  using Base::Base;
  Result() = default;
};

inline Error make_error(ErrorCode code, std::string message, std::string detail_code = {}) {
  return Error{code, std::move(message), std::move(detail_code)};
}

/// A success without a value.
inline Result<void> ok() {
  return {};
}

}  // namespace fieldgate

#define FIELDGATE_CONCAT_INNER(a, b) a##b
#define FIELDGATE_CONCAT(a, b) FIELDGATE_CONCAT_INNER(a, b)

/// `FIELDGATE_TRY(auto x, f());` binds the value of `f()` or returns its error from this function.
#define FIELDGATE_TRY(declaration, expression) \
  FIELDGATE_TRY_INNER(FIELDGATE_CONCAT(fieldgate_try_, __COUNTER__), declaration, expression)
// A declaration cannot stand in parentheses. NOLINTBEGIN(bugprone-macro-parentheses)
#define FIELDGATE_TRY_INNER(name, declaration, expression) \
  auto name = (expression);                                \
  if (name.has_error()) {                                  \
    return std::move(name).error();                        \
  }                                                        \
  declaration = std::move(*name)
// NOLINTEND(bugprone-macro-parentheses)

/// `FIELDGATE_CHECK_OK(f());` returns the error of `f()`, a `Result<void>`, from this function.
#define FIELDGATE_CHECK_OK(expression)            \
  do {                                            \
    auto fieldgate_result = (expression);         \
    if (fieldgate_result.has_error()) {           \
      return std::move(fieldgate_result).error(); \
    }                                             \
  } while (false)
