/// A tool of a hundred skills, for measuring lists. Its manifest is written by CMakeLists.txt.
#include <toolrack/plugin.hpp>

#include <string>

namespace tr = toolrack;

class Hundred final : public tr::Plugin {
 public:
  explicit Hundred(const tr::Host& host) : Plugin(host) {
    for (int i = 0; i < 100; ++i) skill<&Hundred::echo>("tool_" + std::to_string(i));
  }

 private:
  tr::Reply echo(tr::Call& call) { return tr::Reply::borrowed(call.input()); }
};

TOOLRACK_PLUGIN(Hundred)
