/// What stands behind one file of a plugin directory while its tool is offered: a plugin, or a manifest alone.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "registry/tool.hpp"
#include "sources/native/load_error.hpp"
#include "sources/native/plugin_file.hpp"

namespace toolrack::sources::native {

/// Implemented by the kinds of files that there are; used by the source. Any thread.
class Served {
 public:
  virtual ~Served() = default;
  /// Null once it is closed.
  virtual std::shared_ptr<const registry::Tool> tool() const = 0;
  virtual const std::string& build_id() const noexcept = 0;  ///< The same for the same content.
  virtual const std::string& id() const noexcept = 0;        ///< "owner/slug", for messages.
  virtual void set_path(std::string path) = 0;
  /// The public key of who vouches for it; empty: nobody was asked. Set by who makes it, before others know it.
  const std::string& signer() const noexcept { return signer_; }
  void set_signer(std::string signer) { signer_ = std::move(signer); }
  virtual PluginFile report() const = 0;
  /// Null: it is ready.
  using Ready = std::function<void(std::optional<LoadError> why_not)>;
  /// Gets ready without a call, off the calling thread. `ready` (may be null) runs once: here, or in another thread.
  virtual void load_soon(Ready ready) = 0;
  /// It serves, but has given something up that the operator wants tried again.
  virtual void try_again() {}
  /// Is about to take the place of `old`: takes its state over as the manifest says. Before `load_soon`.
  virtual void take_over_from(const std::shared_ptr<Served>& old) = 0;
  /// Lets nobody in any more. Who is inside after `patience` is cancelled; `closed` (may be null) runs when the last
  /// one has left and everything is released.
  virtual void drain(std::chrono::milliseconds patience, std::function<void()> closed) = 0;

 private:
  std::string signer_;
};

}  // namespace toolrack::sources::native
