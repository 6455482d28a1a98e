/// NativeCall: the directory and the assets of a call.
#include <utility>

#include "services/files/scratch.hpp"
#include "sources/native/abi_text.hpp"
#include "sources/native/call_assets.hpp"
#include "sources/native/instance.hpp"
#include "sources/native/module.hpp"
#include "sources/native/native_call.hpp"
#include "sources/native/runtime.hpp"

namespace toolrack::sources::native {

tr_str NativeCall::scratch_path() {
  auto* const scratches = runtime_.environment().scratches;
  if (scratches == nullptr) return {nullptr, 0};
  base::Lock lock(mutex_);
  if (scratch_directory_ != nullptr) return scratch_path_;
  const auto* const elsewhere = instance()->code().files();
  auto made = elsewhere == nullptr ? scratches->make() : scratches->make(elsewhere->folder, elsewhere->owner_id);
  if (!made) return {nullptr, 0};
  has_texts_.store(true, std::memory_order_relaxed);
  scratch_path_ = to_abi(texts_.emplace_back((*made)->path()));
  scratch_directory_ = *std::move(made);
  has_files_.store(true, std::memory_order_release);
  return scratch_path_;
}

std::shared_ptr<CallAssets> NativeCall::assets() {
  const auto& environment = runtime_.environment();
  if (environment.assets == nullptr || (!is_instance_ && !is_open())) return nullptr;
  base::Lock lock(mutex_);
  if (assets_ == nullptr) {
    auto account = is_instance_ ? "plugin:" + module_->id() : std::string(invocation_->account);
    assets_ = std::make_shared<CallAssets>(*environment.assets, *environment.files, std::move(account));
    has_files_.store(true, std::memory_order_release);
  }
  return assets_;
}

void NativeCall::discard_assets() {
  std::shared_ptr<CallAssets> assets;
  {
    base::Lock lock(mutex_);
    assets = std::move(assets_);
  }
  if (assets != nullptr) assets->discard();
}

void NativeCall::drop_files() noexcept {
  discard_assets();
  std::unique_ptr<registry::CallFiles> directory;
  {
    base::Lock lock(mutex_);
    directory = std::move(scratch_directory_);
    scratch_path_ = {nullptr, 0};
  }
  has_files_.store(false, std::memory_order_relaxed);
}

}  // namespace toolrack::sources::native
