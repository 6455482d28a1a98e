#include "operations/runner.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include "call/identify.hpp"

namespace toolrack::operations {

base::Result<void> Runner::check(const Table::Entry& entry, const accounts::Principal& principal,
                                 const base::json::Value& input) {
  const auto& operation = entry.operation;
  if (!operation.open) TRY(call::require(principal, operation.scope));
  if (const auto violations = entry.validator->check(input); !violations.empty()) {
    const auto error = registry::to_error(violations, fmt::format("the input of {}", operation.name));
    return tl::unexpected(
        base::Error(base::ErrorCode::kInvalidRequest, error.message()).with_details(error.details_json()));
  }
  return {};
}

void Runner::run(base::Loop& loop, const Table::Entry& entry, const accounts::PrincipalRef& principal,
                 base::json::Document input, std::string_view request_id, Done done) {
  if (auto allowed = check(entry, *principal, input); !allowed) return done(tl::unexpected(std::move(allowed).error()));
  const auto& operation = entry.operation;
  if (operation.kind == Kind::kDirect)
    return done(operation.run(services_, {.principal = principal, .input = input, .request_id = request_id}));

  // std::function wants copyable captures, hence the shared state.
  struct Job {
    Context context() const { return {.principal = principal, .input = input, .request_id = request_id}; }
    accounts::PrincipalRef principal;
    base::json::Document input;
    std::string request_id;
    Done done;
  };
  auto job = std::make_shared<Job>(principal, std::move(input), std::string(request_id), std::move(done));
  auto go = [this, &loop, &operation, job] {
    auto& pool = operation.kind == Kind::kTransfers ? transfers_ : pool_;
    const auto posted = pool.post([this, &loop, &operation, job] {
      auto answer = operation.run(services_, job->context());
      boost::asio::post(loop.context(), [job, answer = std::move(answer)]() mutable { job->done(std::move(answer)); });
    });
    if (!posted) job->done(base::fail(base::ErrorCode::kUnavailable, "the gateway is stopping"));
  };
  if (operation.before == nullptr) return go();
  operation.before(services_, job->context(), loop, std::move(go));
}

}  // namespace toolrack::operations
