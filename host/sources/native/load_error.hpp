/// Why a file in a plugin directory does not serve: a stable code, what was found, and one sentence on what to do about
/// it.
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace toolrack::sources::native {

/// The rows (name, remedy) stand in load_error.cpp. Names are part of the command line's output and never change.
enum class LoadCode : std::uint8_t {
  kTruncated,
  kNotElf,
  kArch,
  kNoManifest,
  kManifest,
  kManifestNewer,
  kAbiMajor,
  kHostTooOld,
  kUndefinedSymbol,
  kUniqueSymbols,
  kNoEntry,
  kDuplicateId,
  kNameClash,
  kCreate,
  kStart,
  kPermissions,
  kState,
  kDlopen,
  kUnsafeMemory,
  kTimeout,
  kCopy,
  kSignature,
  kIncompatible,
  kWorker,
  kSandbox,
};

struct LoadErrorInfo {
  LoadCode code;
  std::string_view name;    ///< "E_TRUNCATED".
  std::string_view remedy;  ///< One sentence.
};

const LoadErrorInfo& info(LoadCode code) noexcept;
std::span<const LoadErrorInfo> all_load_errors() noexcept;

class LoadError {
 public:
  /// `remedy`: where something else helps than with other errors of that code.
  LoadError(LoadCode code, std::string message, std::string remedy = {})
      : code_(code), message_(std::move(message)), remedy_(std::move(remedy)) {}

  LoadCode code() const noexcept { return code_; }
  std::string_view name() const noexcept { return info(code_).name; }
  std::string_view remedy() const noexcept { return remedy_.empty() ? info(code_).remedy : remedy_; }
  const std::string& message() const noexcept { return message_; }

  /// What a caller of one of its skills is told: kPluginFailed, with our code in the message and our remedy as hint.
  base::Error to_error(std::string_view tool) const;

 private:
  LoadCode code_;
  std::string message_, remedy_;
};

template <typename T>
using LoadResult = tl::expected<T, LoadError>;

[[nodiscard]] inline tl::unexpected<LoadError> load_fail(LoadCode code, std::string message) {
  return tl::unexpected<LoadError>(LoadError(code, std::move(message)));
}

}  // namespace toolrack::sources::native
