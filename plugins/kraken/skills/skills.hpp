/// The skills of the tool, as coroutines; kraken.cpp registers them.
#pragma once

#include <toolrack/plugin.hpp>

namespace toolrack::kraken {

Task system_status(Call call);
Task ticker(Call call);
Task ohlc(Call call);
Task depth(Call call);
Task recent_trades(Call call);
Task spread(Call call);
Task assets(Call call);
Task asset_pairs(Call call);
Task balance(Call call);
Task open_orders(Call call);
Task closed_orders(Call call);
Task query_orders(Call call);
Task trades_history(Call call);
Task trade_volume(Call call);
Task add_order(Call call);
Task cancel_order(Call call);
Task cancel_all_orders(Call call);
Task edit_order(Call call);

}  // namespace toolrack::kraken
