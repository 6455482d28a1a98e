/// What stands behind one file of a plugin directory while its tool is offered: a plugin, or a manifest alone.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "registry/tool.hpp"
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
  virtual PluginFile report() const = 0;
  /// Gets ready without a call, off the calling thread.
  virtual void load_soon() = 0;
  /// Lets nobody in any more; `closed` (may be null) runs when the last call has left and everything is released.
  virtual void drain(std::function<void()> closed) = 0;
};

}  // namespace toolrack::sources::native
