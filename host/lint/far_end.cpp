#include "lint/far_end.hpp"

#include <array>
#include <chrono>
#include <random>
#include <string>

namespace toolrack::lint {
namespace {

using testing::FakeReply;

constexpr std::array kMethods{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"};
constexpr std::array kBodies{
    "{}",
    "[]",
    "",
    "null",
    "{\"data\":[],\"results\":[],\"items\":[],\"status\":\"completed\"}",
    "{\"data\":null,\"error\":{\"message\":\"no\",\"code\":42}}",
    "{\"success\":false,\"error\":\"no\"}",
    "<html><title>502</title></html>",
    "{\"cut\":[1,2,",
    "{\"id\":\"a\",\"data\":{\"id\":1,\"nested\":{\"deep\":[{\"x\":1e300}]}}}",
    "\xff\xfe not UTF-8",
};
constexpr std::array kStatuses{200, 200, 200, 200, 201, 204, 302, 400, 401,
                               402, 403, 404, 409, 422, 429, 500, 502, 503};

FakeReply fine() { return FakeReply(200, "{}").header("content-type", "application/json"); }

FakeReply failure(std::mt19937_64& random) {
  switch (random() % 4) {
    case 0:
      return FakeReply::failure(TR_UNAVAILABLE, "unreachable", "the connection was refused", TR_RESULT_NOT_SENT);
    case 1:
      return FakeReply::failure(TR_UNAVAILABLE, "reset", "the connection was reset", TR_RESULT_MAYBE_SENT);
    case 2:
      return FakeReply::failure(TR_DEADLINE_EXCEEDED, "timeout", "no answer in time", TR_RESULT_MAYBE_SENT);
    default:
      return FakeReply::failure(TR_RESOURCE_EXHAUSTED, "busy", "too many at once", TR_RESULT_NOT_SENT)
          .retry_after(std::chrono::seconds(2));
  }
}

FakeReply any(std::mt19937_64& random) {
  if (random() % 5 == 0) return failure(random);
  const auto status = kStatuses[random() % kStatuses.size()];
  FakeReply reply(status, status == 204 ? "" : kBodies[random() % kBodies.size()]);
  if (random() % 4 != 0) reply.header("content-type", "application/json");
  if (status == 429) reply.header("retry-after", random() % 2 == 0 ? "1" : "soon");
  if (status == 302 && random() % 2 == 0) reply.header("location", "/elsewhere");
  reply.chunk_size(1 + random() % 64).delay(std::chrono::milliseconds(random() % 500));
  if (random() % 8 == 0)
    reply.breaks_off(FakeReply::failure(TR_UNAVAILABLE, "reset", "the body broke off", TR_RESULT_MAYBE_SENT));
  return reply;
}

/// What the host gives for a skill that was called.
FakeReply of_tool(std::mt19937_64& random) {
  if (random() % 3 == 0) return FakeReply::failure(TR_TOOL_ERROR, "failed", "the other tool failed");
  if (random() % 5 == 0)
    return FakeReply::failure(TR_NOT_FOUND, "skill_not_found", "there is none", TR_RESULT_NOT_SENT);
  return FakeReply(0, "{\"results\":[],\"text\":\"x\"}").delay(std::chrono::milliseconds(random() % 100));
}

}  // namespace

void script_far_end(testing::FakeHost& host, FarEnd kind, std::uint64_t seed) {
  constexpr int kDifferent = 6;  // Then the last one, for ever.
  std::mt19937_64 random(seed ^ 0x5eedULL);
  for (const auto* method : kMethods) {
    for (int i = 0; kind == FarEnd::kVaries && i < kDifferent; ++i) host.on_http(method, "*", any(random));
    host.on_http(method, "*", (kind == FarEnd::kFine ? fine() : any(random)).always());
  }
  for (int i = 0; kind == FarEnd::kVaries && i < kDifferent; ++i) host.on_tool("*", of_tool(random));
  host.on_tool("*", FakeReply(0, "{}").always());
}

}  // namespace toolrack::lint
