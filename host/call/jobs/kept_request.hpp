/// A call as it is kept to be made again after a restart, without what its caller would have to present anew.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "call/call.hpp"
#include "call/questions/asking.hpp"

namespace toolrack::call::jobs {

/// JSON. `skill` is what the request was resolved to: another run is one of the same version. Provider keys are left
/// out.
std::string to_kept(const CallRequest& request, const registry::Skill& skill);

/// What `to_kept` made, read. Holds what its request points to.
class KeptRequest {
 public:
  /// kStoreFailed when it cannot be read.
  static base::Result<KeptRequest> read(std::string_view kept);

  std::string_view key_id() const noexcept { return base::json::find_string(kept_, "key_id").value_or(""); }
  /// Without principal, request id and resumption. Good while this lives and is not moved.
  CallRequest request() const;

 private:
  KeptRequest(base::json::Document kept, base::json::Document input)
      : kept_(std::move(kept)), input_(std::move(input)) {}
  base::json::Document kept_, input_;
  Asking asking_{
      .waits = true, .method = {}, .state = {}};  ///< What its caller could be asked, and who answers the job can be.
  CallRequest options_;                           ///< Only what a caller may wish beside the input.
};

}  // namespace toolrack::call::jobs
