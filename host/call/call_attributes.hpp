/// What every span of a call tells of it, whoever has the span: which request it was, what served it, how it failed;
/// and what went in and out, where the operator wants that told.
#pragma once

#include <string>
#include <string_view>

#include "call/call.hpp"

namespace toolrack::services::telemetry {
class AttributeList;
class Tracer;
}  // namespace toolrack::services::telemetry

namespace toolrack::call {

/// Belongs to a span that is recorded, and is used on its loop. Texts are copied: a call's are gone when it has ended.
class CallAttributes {
 public:
  /// Before the call of a skill; of other calls nothing that went in or out is told.
  void note_input(const services::telemetry::Tracer& tracer, std::string_view input_json);
  /// When it has ended.
  void note(const services::telemetry::Tracer& tracer, const CallOutcome& outcome);
  /// For another call; capacity is kept.
  void clear() noexcept;

  /// As the skill is offered; empty when there was none.
  std::string_view flat_name() const noexcept { return flat_name_; }
  /// The error's name (errors.md), or empty. A constant.
  std::string_view error() const noexcept { return error_; }

  /// Borrowed by the list.
  void add_to(services::telemetry::AttributeList& list, std::string_view request_id) const;

 private:
  std::string tool_, version_, skill_, flat_name_, backend_;
  std::string_view error_;
  std::string input_;               ///< As it was given; told only once its skill is known.
  std::string arguments_, result_;  ///< As they are told.
};

}  // namespace toolrack::call
