/// One mapped shared library, through Boost.DLL.
#pragma once

#include <toolrack/abi.h>

#include <boost/dll/shared_library.hpp>

#include <filesystem>

#include "sources/native/load_error.hpp"
#include "sources/native/plugin_code.hpp"
#include "sources/native/private_copy.hpp"

namespace toolrack::sources::native {

/// Opened with every symbol resolved and its own symbols kept to itself. Movable, never copied: Boost.DLL copies by
/// opening the path again. Threads: one at a time; closing waits for nobody, so the caller knows that no code of it
/// runs.
class Library final : public PluginCode {
 public:
  /// Runs the library's static constructors. Errors: kUndefinedSymbol and kDlopen with the dynamic linker's words,
  /// kCreate when a constructor throws, kNoEntry, kCopy.
  static LoadResult<Library> open(PrivateCopy copy);

  /// What toolrack_entry_v1() returns; null when the function says so.
  const tr_entry* entry() const noexcept override { return entry_; }
  tr_status create(const tr_host* host, const tr_plugin** out) override;

  /// Unmaps the library and removes its file. True when it is still mapped afterwards: a thread_local with a
  /// destructor, a unique symbol or somebody else's handle holds it. With kRetain it stays on purpose, for ever, and
  /// the answer is true.
  bool close(UnloadPolicy policy) override;

 private:
  Library(PrivateCopy copy, boost::dll::shared_library handle) : copy_(std::move(copy)), handle_(std::move(handle)) {}

  PrivateCopy copy_;
  boost::dll::shared_library handle_;
  const tr_entry* entry_ = nullptr;  // Inside the library.
};

}  // namespace toolrack::sources::native
