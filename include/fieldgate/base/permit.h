// The capability without which no sealed field can be opened.
#pragma once

#include <fieldgate/base/field_set.h>
#include <fieldgate/base/ids.h>

namespace fieldgate {

namespace policy {
class Engine;
}

/// Proof that the policy engine allowed some fields of one person to be opened, for one decision.
///
/// Only `policy::Engine` can make one (GDPR 5(1)(b)-(c), 25(2)). Move-only: a permit stands for one
/// decision and cannot be kept for later by copying. `crypto::open_field` demands it and refuses a
/// field or a person that it does not name.
class Permit {
 public:
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  Permit(Permit&&) noexcept = default;
  Permit& operator=(Permit&&) noexcept = default;
  ~Permit() = default;

  [[nodiscard]] const SubjectId& subject() const { return subject_; }
  [[nodiscard]] const FieldSet& fields() const { return fields_; }
  [[nodiscard]] bool allows(const SubjectId& subject, FieldIndex field) const {
    return subject == subject_ && fields_.test(field);
  }

 private:
  friend class policy::Engine;
  Permit(const SubjectId& subject, const FieldSet& fields) : subject_(subject), fields_(fields) {}
  SubjectId subject_;
  FieldSet fields_;
};

}  // namespace fieldgate
