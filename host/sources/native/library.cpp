#include "sources/native/library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <list>
#include <optional>
#include <utility>

#include "base/mutex.hpp"
#include "sources/native/constructors.hpp"
#include "sources/native/plugin_frame.hpp"

namespace toolrack::sources::native {
namespace {

/// Libraries that stay. Boost.DLL has no release(): a handle that must not close is kept, to the end of the process and
/// past the destructors of statics, because code of the library may still be running then.
void keep_for_ever(boost::dll::shared_library handle, PrivateCopy copy) {
  struct Kept {
    boost::dll::shared_library handle;
    PrivateCopy copy;
  };
  static auto& mutex = *new base::Mutex;
  static auto& kept = *new std::list<Kept>;
  base::Lock lock(mutex);
  kept.push_back({std::move(handle), std::move(copy)});
}

/// Is a library of that name mapped? The name is unique in the process, and glibc compares names before it looks at
/// files.
bool is_mapped(const std::filesystem::path& path) noexcept {
  void* handle = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return false;
  ::dlclose(handle);
  return true;
}

}  // namespace

UnloadPolicy default_unload_policy() noexcept {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  return UnloadPolicy::kRetain;
#endif
#endif
  return UnloadPolicy::kClose;
}

LoadResult<Library> Library::open(PrivateCopy copy) {
  namespace dll = boost::dll;
  if (auto hidden = hide_constructors(copy.path()); !hidden) return tl::unexpected(hidden.error());
  std::optional<dll::shared_library> handle;
  try {
    // The throwing constructor: only its exception carries dlerror's text.
    handle.emplace(copy.path(), dll::load_mode::rtld_now | dll::load_mode::rtld_local);
  } catch (const std::exception& error) {
    const std::string_view text = error.what();
    const bool is_symbol = text.find("undefined symbol") != std::string_view::npos;
    return load_fail(is_symbol ? LoadCode::kUndefinedSymbol : LoadCode::kDlopen, std::string(text));
  }
  Library library(std::move(copy), std::move(*handle));
  try {
    run_constructors(library.handle_.native());
  } catch (...) {
    return load_fail(LoadCode::kCreate, "a static constructor failed: " + describe_thrown());
  }
  if (!library.handle_.has(TR_ENTRY_V1_SYMBOL)) {
    return load_fail(LoadCode::kNoEntry, fmt::format("it does not export {}", TR_ENTRY_V1_SYMBOL));
  }
  const tr_entry_v1_fn entry = &library.handle_.get<const tr_entry*(void)>(TR_ENTRY_V1_SYMBOL);
  try {
    library.entry_ = entry();
  } catch (...) {
    return load_fail(LoadCode::kNoEntry, fmt::format("{}() failed: {}", TR_ENTRY_V1_SYMBOL, describe_thrown()));
  }
  return library;
}

tr_status Library::create(const tr_host* host, const tr_plugin** out) { return may_throw(entry_->create)(host, out); }

bool Library::close(UnloadPolicy policy) {
  entry_ = nullptr;
  if (policy == UnloadPolicy::kRetain) {
    keep_for_ever(std::move(handle_), std::move(copy_));
    return true;
  }
  handle_.unload();
  return is_mapped(copy_.path());
}

}  // namespace toolrack::sources::native
