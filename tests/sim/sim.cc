// sim [--steps N] [--seed S]: world after world until N steps were made. When something does not
// hold it says what, what happened before, and how to see it again.
#include <spdlog/spdlog.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include "tests/sim/sim_world.h"

namespace lockstep::sim {
namespace {

constexpr std::uint64_t kStepsOfAWorld = 4000;

// What a CHECK of the product, which aborts, has to name too.
struct Running {
  const SimWorld* world = nullptr;
  std::uint64_t seed = 0;
  std::uint64_t steps = 0;
};
Running g_running;

void PrintHowToReplay() {
  if (g_running.world == nullptr) return;
  for (const std::string& line : g_running.world->trace()) std::printf("  %s\n", line.c_str());
  std::printf("replay it: ./dev sim --seed %llu --steps %llu\n",
              static_cast<unsigned long long>(g_running.seed),
              static_cast<unsigned long long>(g_running.steps));
  std::fflush(stdout);
}

void OnAbort(int) { PrintHowToReplay(); }

[[noreturn]] void Fail(const std::string& what) {
  PrintHowToReplay();
  std::printf("FAILED: %s\n", what.c_str());
  std::exit(1);
}

bool ParseNumber(const char* text, std::uint64_t& number) {
  const char* const end = text + std::strlen(text);
  const auto read = std::from_chars(text, end, number);
  return read.ec == std::errc() && read.ptr == end;
}

void Add(const SimCounts& world, SimCounts& all) {
  all.steps += world.steps;
  all.crashes += world.crashes;
  all.experiments += world.experiments;
  all.trials += world.trials;
  all.starts += world.starts;
  all.early_stopped += world.early_stopped;
  all.resumed += world.resumed;
}

int Main(int argc, char** argv) {
  std::uint64_t steps = 200'000;
  std::uint64_t seed = std::random_device{}();
  if (const char* given = std::getenv("LOCKSTEP_TEST_SEED")) ParseNumber(given, seed);
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    std::uint64_t* const option = name == "--steps" ? &steps : name == "--seed" ? &seed : nullptr;
    if (option == nullptr || i + 1 == argc || !ParseNumber(argv[i + 1], *option)) {
      std::fprintf(stderr, "usage: sim [--steps N] [--seed S]\n");
      return 2;
    }
  }
  spdlog::set_level(spdlog::level::off);  // it is full of errors, and they are meant
  std::signal(SIGABRT, OnAbort);
  std::printf("seeds from %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  const auto begin = std::chrono::steady_clock::now();
  SimCounts all;
  std::uint64_t worlds = 0;
  while (all.steps < steps) {
    const std::uint64_t of_this = std::min(kStepsOfAWorld, steps - all.steps);
    SimWorld world(seed + worlds, Fail);
    g_running = {&world, seed + worlds, of_this};
    world.Run(of_this);
    g_running = {};
    Add(world.counts(), all);
    ++worlds;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf(
      "%llu steps in %llu worlds, %.0f steps/s: %llu operators died; %llu experiments, %llu of "
      "them resumed; %llu trials, %llu stopped early; %llu jobs started; every invariant held\n",
      number(all.steps), number(worlds), static_cast<double>(all.steps) / seconds.count(),
      number(all.crashes), number(all.experiments), number(all.resumed), number(all.trials),
      number(all.early_stopped), number(all.starts));
  return 0;
}

}  // namespace
}  // namespace lockstep::sim

int main(int argc, char** argv) { return lockstep::sim::Main(argc, argv); }
