/// Gateways on a unix socket that come and go, as the processes that own a data directory do.
#include <atomic>
#include <filesystem>
#include <memory>

#include "bridge_fixture.hpp"
#include "support/temp_directory.hpp"
#include "support/test_server.hpp"

namespace toolrack::stdio {
namespace {

/// Answers every request at once, or never; its end closes every connection, as the end of its process would.
class UnixGateway {
 public:
  UnixGateway(const std::string& path, bool answers)
      : handler_([this, answers](const auto& request, auto& exchange) {
          ++requests;
          const auto body = base::json::parse(request.body);
          const auto* id = base::json::find(*body, "id");
          if (answers)
            exchange.respond(200, "application/json", result(id == nullptr ? "0" : base::json::dump(*id)));
          else
            got_one.set();
        }),
        server_(loops_, metrics_) {
    const auto listening = server_.listen_unix(path, handler_);
    EXPECT_TRUE(listening) << listening.error().message();
    loops_.start();
  }
  ~UnixGateway() { loops_.stop(); }

  std::atomic<int> requests{0};
  net::Event got_one;

 private:
  base::Metrics metrics_;
  base::Loops loops_{1};
  net::FunctionHandler handler_;
  net::Server server_;
};

class Election : public ::testing::Test {
 protected:
  Endpoint endpoint() { return {.url = "http://localhost/mcp", .socket_path = path_, .key = ""}; }
  /// Elects by starting a gateway that answers, and counts.
  Bridge::Elect electing() {
    return [this]() -> base::Result<Endpoint> {
      ++elections_;
      next_.reset();
      next_ = std::make_unique<UnixGateway>(path_, true);
      return endpoint();
    };
  }
  testing::TempDirectory directory_;
  const std::string path_ = (directory_.path() / "toolrack.sock").string();
  std::atomic<int> elections_{0};
  std::unique_ptr<UnixGateway> next_;
};

TEST_F(Election, ReachesAGatewayOverItsSocket) {
  UnixGateway gateway(path_, true);
  PipedBridge bridge(endpoint(), electing());
  bridge.send(legacy("1", "tools/list"));
  EXPECT_EQ(bridge.line(), result("1"));
  EXPECT_EQ(elections_, 0);
}

TEST_F(Election, ElectsWhenNobodyListensAndSendsTheCallThen) {
  PipedBridge bridge(endpoint(), electing());
  bridge.send(legacy("1", "tools/call"));
  EXPECT_EQ(bridge.line(), result("1")) << "a call that reached nobody is safe to send";
  EXPECT_EQ(elections_, 1);
  EXPECT_EQ(next_->requests, 1);
}

TEST_F(Election, AsksTheNextGatewayWhatTheDeadOneDidNotAnswer) {
  auto first = std::make_unique<UnixGateway>(path_, false);
  PipedBridge bridge(endpoint(), electing());
  bridge.send(legacy("1", "tools/list"));
  ASSERT_TRUE(first->got_one.wait());
  first.reset();
  EXPECT_EQ(bridge.line(), result("1"));
  EXPECT_EQ(elections_, 1);
}

TEST_F(Election, DoesNotRepeatACallThatTheDeadGatewayHad) {
  auto first = std::make_unique<UnixGateway>(path_, false);
  PipedBridge bridge(endpoint(), electing());
  bridge.send(modern("1", "tools/call", R"("name":"pay",)"));
  ASSERT_TRUE(first->got_one.wait());
  first.reset();
  const auto message = bridge.message();
  EXPECT_EQ(text_at(message, "/id"), "1");
  EXPECT_EQ(text_at(message, "/error/code"), "-32603");
  EXPECT_NE(text_at(message, "/error/message").find("went away"), std::string::npos);
  bridge.send(legacy("2", "tools/list"));
  EXPECT_EQ(bridge.line(), result("2")) << "and goes on with the next one";
  EXPECT_EQ(next_->requests, 1) << "which never saw the call";
}

TEST_F(Election, DoesNotRepeatACallOverAConnectionThatWasKept) {
  auto first = std::make_unique<UnixGateway>(path_, true);
  PipedBridge bridge(endpoint(), electing());
  bridge.send(legacy("1", "tools/list"));
  bridge.line();
  first.reset();
  auto second = std::make_unique<UnixGateway>(path_, false);
  bridge.send(legacy("2", "tools/call"));
  ASSERT_TRUE(second->got_one.wait());
  second.reset();
  EXPECT_EQ(text_at(bridge.message(), "/error/code"), "-32603");
  EXPECT_EQ(elections_, 0);
}

TEST_F(Election, ElectsOnceForAllThatFailTogether) {
  auto first = std::make_unique<UnixGateway>(path_, false);
  PipedBridge bridge(endpoint(), electing());
  for (int i = 1; i <= 5; ++i) bridge.send(legacy(std::to_string(i), "tools/list"));
  ASSERT_TRUE(first->got_one.wait());
  first.reset();
  for (int i = 1; i <= 5; ++i) EXPECT_TRUE(bridge.line());
  EXPECT_EQ(elections_, 1);
}

TEST_F(Election, GivesUpWhenNoElectionHelps) {
  PipedBridge bridge(endpoint(), [this]() -> base::Result<Endpoint> {
    ++elections_;
    return endpoint();
  });
  bridge.send(legacy("1", "tools/list"));
  const auto message = bridge.message();
  EXPECT_EQ(text_at(message, "/error/code"), "-32603");
  EXPECT_NE(text_at(message, "/error/message").find(path_), std::string::npos);
  EXPECT_GE(elections_, 1);
  EXPECT_LE(elections_, 5);
}

TEST_F(Election, TellsWhyNoGatewayCouldBeFound) {
  PipedBridge bridge(endpoint(), []() -> base::Result<Endpoint> {
    return base::fail(base::ErrorCode::kUnavailable, "process 7 owns the data", "End it.");
  });
  bridge.send(legacy("1", "tools/call"));
  EXPECT_EQ(text_at(bridge.message(), "/error/message"), "process 7 owns the data End it.");
}

}  // namespace
}  // namespace toolrack::stdio
