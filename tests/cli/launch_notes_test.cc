#include "cli/launch_notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST(LaunchNotesTest, PortsAndOtherSentencesAreTheLaunchersLinesAlone) {
  const LaunchNotes notes = ParseLaunchNotes(
      "[lockstep] ps 1 listens on port 24012 instead of 2222: rank 0 of ps has it\n"
      "[lockstep] nothing can be mounted here\n"
      "[0] ps 0 listens on port 1 instead of 2\n"
      "[0] [lockstep] ps 0 listens on port 1 instead of 2\n"
      "[lockstep] my role 0 listens on port 24013 instead of 2222: another program listens there\n"
      "[lockstep] half a li");
  EXPECT_THAT(notes.ports,
              ElementsAre(Pair(Pair("my role", 0), 24013), Pair(Pair("ps", 1), 24012)));
  EXPECT_THAT(notes.others, ElementsAre("nothing can be mounted here"));
}

TEST(LaunchNotesTest, WhatOnlyLooksLikeAPortIsASentence) {
  const LaunchNotes notes = ParseLaunchNotes(
      "[lockstep]  listens on port 1\n[lockstep] ps x listens on port 1\n"
      "[lockstep] ps 0 listens on port none\n");
  EXPECT_THAT(notes.ports, IsEmpty());
  EXPECT_THAT(notes.others, SizeIs(3));
}

TEST(LaunchNotesTest, AJobWithoutALogHasNone) {
  const LaunchNotes notes = ReadLaunchNotes("/nowhere");
  EXPECT_THAT(notes.ports, IsEmpty());
  EXPECT_THAT(notes.others, IsEmpty());
}

}  // namespace
}  // namespace lockstep
