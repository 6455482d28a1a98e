#include "sources/native/reaper.hpp"

namespace toolrack::sources::native {

Reaper::Reaper(base::Metrics& metrics)
    : closed_(metrics.counter("toolrack_plugin_closed_total", "Plugin libraries that were destroyed and closed.")),
      resident_(
          metrics.gauge("toolrack_plugin_resident", "Plugin libraries that stayed mapped after they were closed.")),
      thread_("plugin-reaper", 1) {}

void Reaper::note_closed(bool is_resident) noexcept {
  closed_.add();
  if (is_resident) resident_.add(1);
}

}  // namespace toolrack::sources::native
