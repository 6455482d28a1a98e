/// Usage records as bytes: what a loop gathers between two flushes, without an allocation per record.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/usage.hpp"

namespace toolrack::accounts {

/// Appends a copy of `record`; strings longer than 255 bytes are cut.
void append_bytes(std::string& bytes, const UsageRecord& record);

/// Reads back what append_bytes wrote; the records point into `bytes`.
void read_records(std::string_view bytes, std::vector<UsageRecord>& records);

}  // namespace toolrack::accounts
