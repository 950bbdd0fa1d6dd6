#include "launcher/port_lease.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace lockstep {
namespace {

using testing::ElementsAre;

// A port on which something listens, at 127.0.0.1 only.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(place);
    auto* generic = reinterpret_cast<sockaddr*>(&place);
    EXPECT_EQ(bind(fd_.get(), generic, size), 0);
    EXPECT_EQ(listen(fd_.get(), 1), 0);
    EXPECT_EQ(getsockname(fd_.get(), generic, &size), 0);
    port = ntohs(place.sin_port);
  }
  int port = 0;

 private:
  UniqueFd fd_;
};

// A port of which only the IPv6 side is listened on; 0: this machine has no IPv6.
int ListenByIpv6(const UniqueFd& fd, const in6_addr& address) {
  const int on = 1;
  sockaddr_in6 place{};
  place.sin6_family = AF_INET6;
  place.sin6_addr = address;
  socklen_t size = sizeof(place);
  auto* generic = reinterpret_cast<sockaddr*>(&place);
  const bool listens = setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0 &&
                       bind(fd.get(), generic, size) == 0 && listen(fd.get(), 1) == 0 &&
                       getsockname(fd.get(), generic, &size) == 0;
  return listens ? ntohs(place.sin6_port) : 0;
}

LaunchPlan Plan() {
  LaunchPlan plan;
  plan.roles = {{.name = "ps", .ranks = 2, .command = {"p"}, .env = {}, .working_dir = {}},
                {.name = "worker", .ranks = 1, .command = {"w"}, .env = {}, .working_dir = {}}};
  plan.env["ALL"] = "${lockstep.port:ps/0} ${lockstep.port:ps/1} ${lockstep.port:worker/0}";
  return plan;
}

TEST(PortLeases, WhatOneHasTheOtherCannotTake) {
  PortLeases other = PortLeases::Open();
  PortLeases mine = PortLeases::Open();
  const int port = other.TakeAny().value();
  EXPECT_EQ(mine.Take(port), PortState::kLeased);
  EXPECT_EQ(other.Take(port), PortState::kFree) << "it is its own";
  other = PortLeases::Open();
  EXPECT_EQ(mine.Take(port), PortState::kFree) << "given up with its holder";
}

TEST(PortLeases, APortOfAProgramWithoutLeasesIsTaken) {
  const Listener listener;
  EXPECT_EQ(PortLeases::Open().Take(listener.port), PortState::kListens);
}

// Servers of frameworks listen on :: for both.
TEST(PortLeases, APortOfWhichOnlyIpv6IsListenedOnIsTaken) {
  for (const in6_addr& address : {in6addr_any, in6addr_loopback}) {
    const UniqueFd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int port = ListenByIpv6(fd, address);
    if (port == 0) {
      GTEST_SKIP() << "PortLeases.APortOfWhichOnlyIpv6IsListenedOnIsTaken: no IPv6 on this machine";
    }
    EXPECT_EQ(PortLeases::Open().Take(port), PortState::kListens);
  }
}

TEST(PortLeases, GoOnBehindWhatIsTakenAndSayWhenAllIs) {
  PortLeases others = PortLeases::Open();
  const int port = others.TakeAny().value();
  PortLeases mine({port, port + 200}, 0);
  EXPECT_GT(mine.TakeAny().value(), port);
  PortLeases none({port, port}, 7);
  EXPECT_EQ(none.TakeAny().status().kind(), StatusKind::kUnavailable);
}

TEST(PortRange, IsBelowTheKernelsOwn) {
  EXPECT_EQ(PortRangeBelow("32768\t60999\n").last, 32767);
  EXPECT_EQ(PortRangeBelow("32768\t60999\n").first, 20000);
  EXPECT_EQ(PortRangeBelow("15000\t65000\n").last, 14999);
  EXPECT_EQ(PortRangeBelow("15000\t65000\n").first, 1024);
  for (const char* text : {"1024\t65535\n", "", "x"}) EXPECT_EQ(PortRangeBelow(text).last, 32767);
}

TEST(LeasePorts, KeepsWhatIsFreeAndNoTwoRanksShareOne) {
  PortLeases finder = PortLeases::Open();
  const int wanted = finder.TakeAny().value();
  finder = PortLeases::Open();
  LaunchPlan plan = Plan();
  plan.roles[0].port = plan.roles[1].port = wanted;
  PortLeases leases = PortLeases::Open();
  const PortTable table = LeasePorts(plan, &leases).value();
  const int second = table.ports.at({"ps", 1});
  const int third = table.ports.at({"worker", 0});
  EXPECT_EQ(table.ports.at({"ps", 0}), wanted);
  EXPECT_NE(second, wanted);
  EXPECT_NE(third, wanted);
  EXPECT_NE(second, third);
  const std::string instead = " instead of " + std::to_string(wanted) + ": rank 0 of ps has it";
  EXPECT_THAT(table.notes,
              ElementsAre("ps 1 listens on port " + std::to_string(second) + instead,
                          "worker 0 listens on port " + std::to_string(third) + instead));
}

TEST(LeasePorts, SaysWhoHasThePort) {
  const Listener listener;
  PortLeases others = PortLeases::Open();
  LaunchPlan plan = Plan();
  plan.env = {{"ONE", "${lockstep.port:worker/0}"}};
  plan.roles[1].port = listener.port;
  PortLeases leases = PortLeases::Open();
  EXPECT_THAT(LeasePorts(plan, &leases)->notes,
              ElementsAre(testing::EndsWith(": another program listens there")));
  plan.roles[1].port = others.TakeAny().value();
  EXPECT_THAT(LeasePorts(plan, &leases)->notes,
              ElementsAre(testing::EndsWith(": another job of this machine has it")));
}

TEST(LeasePorts, APortThatNobodyAskedForIsNoNews) {
  PortLeases leases = PortLeases::Open();
  const PortTable table = LeasePorts(Plan(), &leases).value();
  EXPECT_EQ(table.ports.size(), 3U);
  EXPECT_TRUE(table.notes.empty());
}

}  // namespace
}  // namespace lockstep
