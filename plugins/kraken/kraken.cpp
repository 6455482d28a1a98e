// The plugin: names its skills, nothing else. What they do is in skills/, how Kraken is spoken to in api.hpp.
#include "skills/skills.hpp"

#include <toolrack/plugin.hpp>

namespace {

namespace tr = toolrack;

class Kraken final : public tr::Plugin {
 public:
  explicit Kraken(const tr::Host& host) : Plugin(host) {
    skill<&Kraken::system_status>("system_status");
    skill<&Kraken::ticker>("ticker");
    skill<&Kraken::ohlc>("ohlc");
    skill<&Kraken::depth>("depth");
    skill<&Kraken::recent_trades>("recent_trades");
    skill<&Kraken::spread>("spread");
    skill<&Kraken::assets>("assets");
    skill<&Kraken::asset_pairs>("asset_pairs");
    skill<&Kraken::balance>("balance");
    skill<&Kraken::open_orders>("open_orders");
    skill<&Kraken::closed_orders>("closed_orders");
    skill<&Kraken::query_orders>("query_orders");
    skill<&Kraken::trades_history>("trades_history");
    skill<&Kraken::trade_volume>("trade_volume");
    skill<&Kraken::add_order>("add_order");
    skill<&Kraken::cancel_order>("cancel_order");
    skill<&Kraken::cancel_all_orders>("cancel_all_orders");
    skill<&Kraken::edit_order>("edit_order");
  }

 private:
  tr::Task system_status(tr::Call call) { return tr::kraken::system_status(call); }
  tr::Task ticker(tr::Call call) { return tr::kraken::ticker(call); }
  tr::Task ohlc(tr::Call call) { return tr::kraken::ohlc(call); }
  tr::Task depth(tr::Call call) { return tr::kraken::depth(call); }
  tr::Task recent_trades(tr::Call call) { return tr::kraken::recent_trades(call); }
  tr::Task spread(tr::Call call) { return tr::kraken::spread(call); }
  tr::Task assets(tr::Call call) { return tr::kraken::assets(call); }
  tr::Task asset_pairs(tr::Call call) { return tr::kraken::asset_pairs(call); }
  tr::Task balance(tr::Call call) { return tr::kraken::balance(call); }
  tr::Task open_orders(tr::Call call) { return tr::kraken::open_orders(call); }
  tr::Task closed_orders(tr::Call call) { return tr::kraken::closed_orders(call); }
  tr::Task query_orders(tr::Call call) { return tr::kraken::query_orders(call); }
  tr::Task trades_history(tr::Call call) { return tr::kraken::trades_history(call); }
  tr::Task trade_volume(tr::Call call) { return tr::kraken::trade_volume(call); }
  tr::Task add_order(tr::Call call) { return tr::kraken::add_order(call); }
  tr::Task cancel_order(tr::Call call) { return tr::kraken::cancel_order(call); }
  tr::Task cancel_all_orders(tr::Call call) { return tr::kraken::cancel_all_orders(call); }
  tr::Task edit_order(tr::Call call) { return tr::kraken::edit_order(call); }
};

}  // namespace

TOOLRACK_PLUGIN(Kraken)
