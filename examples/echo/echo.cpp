/// The smallest complete plugin: two skills that return their input as it is.
#include <toolrack/plugin.hpp>

namespace tr = toolrack;

class Echo final : public tr::Plugin {
 public:
  explicit Echo(const tr::Host& host) : Plugin(host) {
    skill<&Echo::echo>("echo");
    skill<&Echo::echo>("echo_paid");  // Same work; the manifest sets the price.
  }

 private:
  /// The host has checked the input against the manifest, and it lives until the call ends: no copy is needed.
  tr::Reply echo(tr::Call& call) { return tr::Reply::borrowed(call.input()); }
};

TOOLRACK_PLUGIN(Echo)
