CREATE DATABASE hrss_tracker OWNER hrss;
