#include <boost/asio/post.hpp>

#include "base/ids.hpp"
#include "support/test_server.hpp"

namespace toolrack::net {
namespace {

TEST(Connection, AnswersOneRequestAfterTheOther) {
  TestServer server(echo);
  auto client = server.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(post("body " + std::to_string(i), "/p"));
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->body, "POST /p body " + std::to_string(i));
  }
  EXPECT_EQ(server.server.connections(), 1u);
}

TEST(Connection, SaysWhatEveryReplySays) {
  TestServer server(echo);
  auto client = server.connect();
  client.send(get());
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->headers.at("content-type"), "text/plain");
  EXPECT_EQ(reply->headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(reply->headers.at("x-request-id").size(), base::Id::kSize);
  EXPECT_EQ(reply->headers.at("date").size(), std::string_view("Sun, 06 Nov 1994 08:49:37 GMT").size());
  EXPECT_FALSE(reply->headers.contains("server"));
  EXPECT_FALSE(reply->headers.contains("connection"));
}

TEST(Connection, TakesOnlyAFitRequestId) {
  TestServer server(echo);
  auto client = server.connect();
  const auto id_for = [&](const std::string& id) {
    client.send("GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: " + id + "\r\n\r\n");
    const auto reply = client.read_reply();
    return reply ? reply->headers.at("x-request-id") : "no reply";
  };
  EXPECT_EQ(id_for("Abc_123.-"), "Abc_123.-");
  EXPECT_EQ(id_for(std::string(64, 'a')), std::string(64, 'a'));
  for (const auto& unfit :
       {std::string("short"), std::string(65, 'a'), std::string("with blank"), std::string("<script>")})
    EXPECT_EQ(id_for(unfit).size(), base::Id::kSize) << unfit;
  EXPECT_NE(id_for(""), id_for(""));
}

TEST(Connection, AnswersPipelinedRequestsInOrder) {
  TestServer server(echo);
  auto client = server.connect();
  std::string all;
  for (int i = 0; i < 200; ++i) all += post(std::to_string(i));
  client.send(all);
  for (int i = 0; i < 200; ++i) {
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply);
    ASSERT_EQ(reply->body, "POST / " + std::to_string(i));
  }
}

TEST(Connection, AnswersPipelinedRequestsInOrderWhenTheHandlerIsLate) {
  TestServer server([](const Request& request, Exchange& exchange) {
    boost::asio::post(exchange.loop().context(), [&] { echo(request, exchange); });
  });
  auto client = server.connect();
  std::string all;
  for (int i = 0; i < 200; ++i) all += post(std::to_string(i));
  client.send(all);
  client.shut_down_sending();
  for (int i = 0; i < 200; ++i) {
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply);
    ASSERT_EQ(reply->body, "POST / " + std::to_string(i));
  }
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Connection, AnswersAClientThatOnlyStoppedSending) {
  TestServer server(echo);
  auto client = server.connect();
  client.send(get());
  client.shut_down_sending();
  EXPECT_TRUE(client.read_reply());
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Connection, ReadsAChunkedBodyWhereverThePiecesEnd) {
  TestServer server(echo);
  auto client = server.connect();
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string body = "5\r\nhello\r\n7;x=y\r\n, there\r\n0\r\nTrailer: x\r\n\r\n";
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    client.send(head + body.substr(0, cut));
    client.send(body.substr(cut));
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply) << cut;
    EXPECT_EQ(reply->body, "POST / hello, there");
  }
}

TEST(Connection, ReadsALargeBodyWhole) {
  TestServer server([](const Request& request, Exchange& exchange) {
    // The head must have survived the growing of the buffer.
    EXPECT_EQ(request.headers.get(HeaderName::kUserAgent), "test");
    EXPECT_EQ(request.path, "/p");
    EXPECT_EQ(request.query, "q");
    EXPECT_EQ(request.request_id, "client-id");
    exchange.respond(200, "text/plain", std::string(request.body));
  });
  std::string body(3 << 20, 'x');
  for (std::size_t i = 0; i < body.size(); i += 1000) body[i] = static_cast<char>('a' + i / 1000 % 26);
  auto client = server.connect();
  client.send("POST /p?q HTTP/1.1\r\nHost: h\r\nUser-Agent: test\r\nX-Request-Id: client-id\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->body == body);
  std::string chunked =
      "POST /p?q HTTP/1.1\r\nHost: h\r\nUser-Agent: test\r\nX-Request-Id: client-id\r\nTransfer-Encoding: "
      "chunked\r\n\r\n";
  for (std::size_t i = 0; i < body.size(); i += 1 << 16) chunked += "10000\r\n" + body.substr(i, 1 << 16) + "\r\n";
  client.send(chunked + "0\r\n\r\n");
  const auto again = client.read_reply();
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->body == body);
}

TEST(Connection, SendsEveryKindOfBodyWhole) {
  const auto cached = std::make_shared<const std::string>(8 << 20, 'c');
  static const std::string borrowed(8 << 20, 'b');
  std::atomic<int> released{0};
  TestServer server([&](const Request& request, Exchange& exchange) {
    if (request.path == "/cached") return exchange.respond(200, "text/plain", cached);
    if (request.path == "/borrowed") {
      const auto copy = std::make_unique<std::string>(borrowed);
      return exchange.respond(200, "text/plain", ReplyBody::borrowed(*copy));
    }
    if (request.path == "/lent")
      return exchange.respond(
          200, "text/plain",
          base::LentBytes(
              borrowed, [](void* count) noexcept { ++*static_cast<std::atomic<int>*>(count); }, &released));
    exchange.respond(200, "text/plain", std::string(8 << 20, 'o'));
  });
  auto client = server.connect();
  client.send(get("/cached") + get("/borrowed") + get("/lent") + get("/own"));
  for (const char expected : {'c', 'b', 'b', 'o'}) {
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply);
    EXPECT_TRUE(reply->body == std::string(8 << 20, expected)) << expected;
  }
  EXPECT_EQ(released, 1);
  EXPECT_EQ(cached.use_count(), 1);
}

TEST(Connection, MeasuresTheBodyForHeadAndSendsNone) {
  TestServer server(echo);
  auto client = server.connect();
  client.send("HEAD /abc HTTP/1.1\r\nHost: h\r\n\r\n" + get());
  const auto head = client.read_reply(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->headers.at("content-length"), std::to_string(std::string_view("HEAD /abc ").size()));
  const auto next = client.read_reply();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->body, "GET / ");
}

TEST(Connection, SendsNoBodyWithAStatusThatHasNone) {
  TestServer server([](const Request& request, Exchange& exchange) {
    exchange.respond(request.path == "/204" ? 204 : 304, "", std::string("must not be sent"));
  });
  auto client = server.connect();
  client.send(get("/204") + get("/304"));
  for (const int status : {204, 304}) {
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, status);
    EXPECT_FALSE(reply->headers.contains("content-length"));
  }
}

TEST(Connection, LeavesOutAHeaderThatWouldInjectOne) {
  TestServer server([](const Request&, Exchange& exchange) {
    exchange.respond(200, "text/plain", std::string("x"), {{"X-Bad", "a\r\nX-Injected: b"}, {"X-Good", "c"}});
  });
  auto client = server.connect();
  client.send(get());
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_FALSE(reply->headers.contains("x-bad"));
  EXPECT_FALSE(reply->headers.contains("x-injected"));
  EXPECT_EQ(reply->headers.at("x-good"), "c");
}

TEST(Connection, ClosesWhenAskedTo) {
  TestServer server(echo);
  auto client = server.connect();
  client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->headers.at("connection"), "close");
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Connection, SpeaksHttp10) {
  TestServer server(echo);
  auto client = server.connect();
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->headers.at("connection"), "keep-alive");
  client.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(client.read_reply());
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Connection, AsksForTheBodyOfAnExpectingClient) {
  TestServer server(echo);
  auto client = server.connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  const auto interim = client.read_reply();
  ASSERT_TRUE(interim);
  EXPECT_EQ(interim->status, 100);
  client.send("hello");
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "POST / hello");
}

TEST(Connection, AsksForNoBodyThatIsAlreadyThere) {
  TestServer server(echo);
  auto client = server.connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
}

TEST(Connection, AnswersOptionsForTheWholeServer) {
  TestServer server(echo);
  auto client = server.connect();
  client.send("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 204);
  EXPECT_NE(reply->headers.at("allow").find("POST"), std::string::npos);
}

TEST(Connection, TellsThePeer) {
  TestServer server([](const Request& request, Exchange& exchange) {
    EXPECT_FALSE(request.is_local_socket);
    EXPECT_GT(request.received_ns, 0);
    exchange.respond(200, "text/plain", std::string(request.peer));
  });
  auto client = server.connect();
  client.send(get());
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "127.0.0.1");
}

/// A handler that answers when the test says so.
struct Held {
  std::atomic<Exchange*> exchange{nullptr};
  Event arrived;
  Event gone;
  void hold(Exchange& held) {
    exchange = &held;
    held.on_disconnect([this] { gone.set(); });
    arrived.set();
  }
  void answer(std::string body = "late") {
    auto* held = exchange.load();
    boost::asio::post(held->loop().context(),
                      [held, body = std::move(body)] { held->respond(200, "text/plain", body); });
  }
};

TEST(Connection, TellsTheHandlerThatThePeerLeft) {
  Held held;
  TestServer server([&](const Request&, Exchange& exchange) { held.hold(exchange); });
  auto client = server.connect();
  client.send(get());
  ASSERT_TRUE(held.arrived.wait());
  EXPECT_FALSE(held.gone.is_set());
  client.close();
  EXPECT_TRUE(held.gone.wait());
  held.answer();
  EXPECT_TRUE(server.wait_until_idle());
}

TEST(Connection, TellsTheHandlerOfAReset) {
  Held held;
  TestServer server([&](const Request&, Exchange& exchange) { held.hold(exchange); });
  auto client = server.connect();
  client.send(get());
  ASSERT_TRUE(held.arrived.wait());
  client.reset();
  EXPECT_TRUE(held.gone.wait());
  held.answer();
  EXPECT_TRUE(server.wait_until_idle());
}

TEST(Connection, TellsTheHandlerThatThePeerLeftBehindAPipelinedRequest) {
  Held held;
  TestServer server([&](const Request& request, Exchange& exchange) {
    if (request.path == "/slow") return held.hold(exchange);
    echo(request, exchange);
  });
  auto client = server.connect();
  client.send(get("/slow") + get("/next"));
  ASSERT_TRUE(held.arrived.wait());
  client.shut_down_sending();
  EXPECT_TRUE(held.gone.wait());
  held.answer();
  const auto late = client.read_reply();
  ASSERT_TRUE(late);
  EXPECT_EQ(late->body, "late");
  const auto next = client.read_reply();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->body, "GET /next ");
}

TEST(Connection, TellsAHandlerThatAsksTooLate) {
  Event gone;
  Held held;
  TestServer server([&](const Request&, Exchange& exchange) { held.hold(exchange); });
  auto client = server.connect();
  client.send(get());
  ASSERT_TRUE(held.arrived.wait());
  client.close();
  ASSERT_TRUE(held.gone.wait());
  auto* exchange = held.exchange.load();
  boost::asio::post(exchange->loop().context(), [&, exchange] {
    EXPECT_TRUE(exchange->is_disconnected());
    exchange->on_disconnect([&, exchange] {
      gone.set();
      exchange->respond(200, "text/plain", std::string());
    });
    EXPECT_FALSE(gone.is_set()) << "called from inside the function";
  });
  EXPECT_TRUE(gone.wait());
  EXPECT_TRUE(server.wait_until_idle());
}

TEST(Connection, ForgetsTheCallbackAfterTheAnswer) {
  std::atomic<int> called{0};
  TestServer server([&](const Request& request, Exchange& exchange) {
    exchange.on_disconnect([&] { ++called; });
    echo(request, exchange);
  });
  {
    auto client = server.connect();
    client.send(get());
    EXPECT_TRUE(client.read_reply());
  }
  EXPECT_TRUE(server.wait_until_idle());
  EXPECT_EQ(called, 0);
}

TEST(Connection, AnswersIntoTheVoidWithoutHarm) {
  Held held;
  TestServer server([&](const Request&, Exchange& exchange) { held.hold(exchange); });
  auto client = server.connect();
  client.send(get());
  ASSERT_TRUE(held.arrived.wait());
  client.reset();
  ASSERT_TRUE(held.gone.wait());
  held.answer(std::string(1 << 20, 'x'));
  EXPECT_TRUE(server.wait_until_idle());
  auto next = server.connect();
  EXPECT_TRUE(next.is_connected());
}

}  // namespace
}  // namespace toolrack::net
