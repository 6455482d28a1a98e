/// The tables of host functions, one per ABI service. A file each: host_<service>.cpp. Constant, shared by all plugins.
#pragma once

#include <toolrack/abi.h>
#include <toolrack/draft/knowledge.h>

#include <cstdint>
#include <string_view>

#include "registry/handler.hpp"

namespace toolrack::sources::native {

/// What info() tells of a call: `what` is a TR_INFO_*; empty for what is not known. Points into the invocation.
std::string_view info_of(const registry::Invocation& invocation, std::uint32_t what) noexcept;

const tr_call_api& call_service() noexcept;
const tr_log_api& log_service() noexcept;
const tr_clock_api& clock_service() noexcept;
const tr_executor_api& executor_service() noexcept;
const tr_http_api& http_service() noexcept;
const tr_tools_api& tools_service() noexcept;
const tr_assets_api& assets_service() noexcept;
const tr_catalog_api& catalog_service() noexcept;
const tr_ask_api& ask_service() noexcept;
const tr_once_api& once_service() noexcept;
const tr_x_knowledge_api& knowledge_service() noexcept;

}  // namespace toolrack::sources::native
