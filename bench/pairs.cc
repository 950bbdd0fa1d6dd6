#include "bench/pairs.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>

namespace lockstep::bench {
namespace {

constexpr double kIdleMax = 0.1;  // of a run's time; work has its core all the time

double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

Run Time(const std::function<void()>& work) {
  const double busy_before = ThreadSeconds();
  const auto begin = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const double busy = ThreadSeconds() - busy_before;
  return {took.count(), took.count() - busy > kIdleMax * took.count()};
}

Run BestOf(int count, const std::function<Run()>& run) {
  Run best = run();
  for (int i = 1; i < count; ++i) {
    const Run next = run();
    const bool better =
        next.disturbed == best.disturbed ? next.seconds < best.seconds : best.disturbed;
    if (better) best = next;
  }
  return best;
}

Pairs Interleave(int pairs, const std::function<Run()>& ours, const std::function<Run()>& theirs) {
  Pairs result;
  result.pairs = pairs;
  for (int i = -1; i < pairs; ++i) {
    const Run a = ours();
    const Run b = theirs();
    if (i < 0 || a.disturbed || b.disturbed) continue;
    result.ours.push_back(a.seconds);
    result.theirs.push_back(b.seconds);
    result.ratios.push_back(b.seconds / a.seconds);
  }
  for (auto* values : {&result.ours, &result.theirs, &result.ratios}) std::ranges::sort(*values);
  return result;
}

double Median(const std::vector<double>& sorted) {
  if (sorted.empty()) return 0;
  return (sorted[(sorted.size() - 1) / 2] + sorted[sorted.size() / 2]) / 2;
}

void WaitUntilQuiet() {
  double load = 0;
  for (int i = 0; i < 20 && getloadavg(&load, 1) == 1 && load >= 0.7; ++i) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  std::printf("load %.2f\n", load);
}

int ShowRatioBar(const std::string& id, double wanted, const std::string& peer,
                 const std::function<Pairs(int pairs)>& measure) {
  Pairs pairs = measure(kPairs);
  if (pairs.shown() && Median(pairs.ratios) < wanted) pairs = measure(2 * kPairs);
  const double got = Median(pairs.ratios);
  const bool ok = got >= wanted;
  if (!pairs.ratios.empty()) {
    std::printf("%s: %.2f ms, %s %.2f ms, ratio %.2f (%.2f to %.2f), %zu of %d pairs undisturbed\n",
                id.c_str(), Median(pairs.ours) * 1e3, peer.c_str(), Median(pairs.theirs) * 1e3, got,
                pairs.ratios.front(), pairs.ratios.back(), pairs.ratios.size(), pairs.pairs);
  }
  if (!pairs.shown()) {
    return ShowNotShown(id, ">=" + std::to_string(wanted).substr(0, 4) + "x " + peer, "noisy");
  }
  std::printf("bar %s got %.2fx %s WANTED >=%gx %s\n", id.c_str(), got, peer.c_str(), wanted,
              ok ? "ok" : "short");
  std::fflush(stdout);
  return ok ? kOk : kShort;
}

int ShowNotShown(const std::string& id, const std::string& wanted, const std::string& why) {
  std::printf("bar %s got - WANTED %s not-shown (%s)\n", id.c_str(), wanted.c_str(), why.c_str());
  std::fflush(stdout);
  return kNotShown;
}

int WorstOf(const std::vector<int>& codes) {
  if (std::ranges::count(codes, kShort) > 0) return kShort;
  return std::ranges::count(codes, kNotShown) > 0 ? kNotShown : kOk;
}

}  // namespace lockstep::bench
