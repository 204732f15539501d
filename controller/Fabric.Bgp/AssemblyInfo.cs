using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Fabric.Bgp.Tests")]
